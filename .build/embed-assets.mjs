// Files that are read at run time are not there any more once a host has been bundled into one file.
// So their text takes the place of their address, in the modules that the sources name `*.asset.ts`.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const PAGE = 'dist/chunked-upload/admin/page';
const CHECKSUM = 'dist/chunked-upload/checksum';

/** Returns the modules whose text is in an asset now. */
export async function embedAssets() {
  const { code, moduleIds } = await workerBundle();
  await embed(`${CHECKSUM}/hashing-thread.asset.js`, 'HASHING_THREAD', code);
  await embed(`${PAGE}.asset.js`, 'PAGE', await pageFiles());
  return moduleIds;
}

async function embed(module, name, value) {
  const before = await readFile(module, 'utf8');
  if (!before.includes(`export const ${name} = `)) throw new Error(`${module} has no ${name}`);
  await writeFile(module, `export const ${name} = ${JSON.stringify(value, null, 2)};\n`);
}

async function pageFiles() {
  const names = (await readdir(PAGE)).filter((name) => /\.(css|html|js|svg)$/.test(name));
  const text = async (name) => {
    const file = await readFile(join(PAGE, name), 'utf8');
    return file.replace(/^\/\/# sourceMappingURL=.*\n?/m, '');
  };
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await text(name)])));
}

/** With all that it imports, as CommonJS: so must the text of a worker be. */
async function workerBundle() {
  const bundle = await rolldown({
    input: `${CHECKSUM}/hashing-thread.worker.js`,
    platform: 'node',
    // Of which only what is used is taken.
    resolve: { mainFields: ['module', 'main'] },
  });
  const { output } = await bundle.generate({ format: 'cjs', minify: true, codeSplitting: false });
  await bundle.close();
  if (output.length !== 1) throw new Error('The hashing thread does not fit in one file');
  return output[0];
}
