import { copyFile } from 'node:fs/promises';
import { commonjs } from './commonjs.mjs';

/** `dist/client` is a package of its own: `npm pack ./dist/client`. */
export async function clientPackage() {
  await commonjs({
    from: 'dist/client',
    entries: ['index', 'node/index'],
    types: /^((element|queue|node)\/)?[^/]+$/,
  });
  await copyFile('src/client/package.json', 'dist/client/package.json');
  await copyFile('src/client/README.md', 'dist/client/README.md');
  await copyFile('LICENSE', 'dist/client/LICENSE');
}
