import { copyFile, writeFile } from 'node:fs/promises';
import { rolldown } from 'rolldown';
import { commonjs } from './commonjs.mjs';
import { licensesOf } from './licenses.mjs';

const ELEMENT = 'dist/client/element';

/** `dist/client` is a package of its own: `npm pack ./dist/client`. */
export async function clientPackage() {
  const entries = ['index', 'element/index', 'node/index'];
  const types = /^((element|queue|node)\/)?[^/]+$/;
  await commonjs({ from: 'dist/client', entries, types });
  await standaloneElement();
  await copyFile('src/client/package.json', 'dist/client/package.json');
  await copyFile('src/client/README.md', 'dist/client/README.md');
  for (const room of ['element', 'queue']) {
    await copyFile(`src/client/${room}/README.md`, `dist/client/${room}/README.md`);
  }
  await copyFile('LICENSE', 'dist/client/LICENSE');
}

/** The element with all that it imports in one file, for pages that are made without a build. */
async function standaloneElement() {
  const bundle = await rolldown({ input: `${ELEMENT}/index.js`, platform: 'browser' });
  const file = `${ELEMENT}/standalone.js`;
  const { output } = await bundle.write({ file, format: 'es', minify: true, codeSplitting: false });
  await bundle.close();
  const modules = output.flatMap(({ moduleIds = [] }) => moduleIds);
  await writeFile(`${ELEMENT}/LICENSES.txt`, await licensesOf(modules));
}
