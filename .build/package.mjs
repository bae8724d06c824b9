// Makes of what `nest build` has left in `dist` what is published: two packages, each as ES modules
// and as CommonJS. The code runs from `dist` without any of this, but not out of a bundle.
import { readFile, writeFile } from 'node:fs/promises';
import { clientPackage } from './client-package.mjs';
import { commonjs } from './commonjs.mjs';
import { embedAssets } from './embed-assets.mjs';
import { licensesOf } from './licenses.mjs';

const { exports } = JSON.parse(await readFile('package.json', 'utf8'));
const entries = Object.values(exports).flatMap(({ require }) => {
  const [, entry] = /^\.\/dist\/cjs\/(.*)\.js$/.exec(require?.default ?? '') ?? [];
  return entry ?? [];
});

const embedded = await embedAssets();
const types = /^(index\.|chunked-upload\/(?!admin\/page\/))/;
const bundled = await commonjs({ from: 'dist', entries, types });
await writeFile('dist/LICENSES.txt', await licensesOf([...embedded, ...bundled]));
await clientPackage();
