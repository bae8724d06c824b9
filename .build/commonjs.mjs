import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { rolldown } from 'rolldown';

/** Of other packages those go into our files that are there as ES modules alone. */
const BUNDLED = /^file-type$/;

/**
 * The CommonJS build, in `cjs` beside the ES modules that it is made of: for Jest, and for tools with
 * a resolver of their own. Node itself takes the ES modules, also by `require`. Returns the modules
 * that are in it.
 */
export async function commonjs({ from, entries, types }) {
  const folder = join(from, 'cjs');
  const bundle = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [entry, join(from, `${entry}.js`)])),
    platform: 'node',
    external: (id, importer) =>
      /^[^./]/.test(id) && !importer?.includes('/node_modules/') && !BUNDLED.test(id),
    plugins: [nameFormat()],
    // Our package.json says that there is none, for bundlers of hosts; those need no such check.
    treeshake: { moduleSideEffects: [{ test: /loaded-once\.js$/, sideEffects: true }] },
  });
  const { output } = await bundle.write({
    dir: folder,
    format: 'cjs',
    chunkFileNames: '[name].js',
    // Jest cannot `import()`; whatever we load so can be loaded by `require` where it is used.
    dynamicImportInCjs: false,
  });
  await bundle.close();
  await copyTypes(from, types, folder);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'commonjs' }));
  return output.flatMap(({ moduleIds = [] }) => moduleIds);
}

/** The module that notices when both builds are loaded must know which of them it is in. */
function nameFormat() {
  return {
    name: 'format',
    transform(code, id) {
      if (!id.endsWith('/loaded-once.js')) return null;
      if (!code.includes("'an ES module'")) throw new Error(`${id} does not name its format`);
      return code.replace("'an ES module'", "'CommonJS'");
    },
  };
}

/** As they are: beside a package.json that says so, TypeScript takes them for those of CommonJS. */
async function copyTypes(from, types, to) {
  const files = (await readdir(from, { recursive: true })).map((file) => file.replaceAll(sep, '/'));
  for (const file of files.filter((each) => each.endsWith('.d.ts') && types.test(each))) {
    await mkdir(dirname(join(to, file)), { recursive: true });
    await copyFile(join(from, file), join(to, file));
  }
}
