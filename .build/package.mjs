// Makes of what `nest build` has left in `dist` what is published: two packages, each as ES modules
// and as CommonJS. The code runs from `dist` without any of this, but not out of a bundle.
import { writeFile } from 'node:fs/promises';
import { clientPackage } from './client-package.mjs';
import { commonjs } from './commonjs.mjs';
import { embedAssets } from './embed-assets.mjs';
import { licensesOf } from './licenses.mjs';

const foreign = await embedAssets();
foreign.push(
  ...(await commonjs({
    from: 'dist',
    entries: ['index', 'chunked-upload/testing/index', 'chunked-upload/storage/s3/index'],
    types: /^(index\.|chunked-upload\/(?!admin\/page\/))/,
  })),
);
await writeFile('dist/LICENSES.txt', await licensesOf(foreign));
await clientPackage();
