import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { countCalls } from './calls.mjs';

const OF_PATHS = [
  'access',
  'link',
  'lstat',
  'mkdir',
  'open',
  'readdir',
  'rename',
  'rm',
  'stat',
  'truncate',
  'unlink',
  'writeFile',
];
const OF_HANDLES = ['datasync', 'read', 'readv', 'stat', 'sync', 'truncate', 'write', 'writev'];
const OF_DESCRIPTORS = [
  'close',
  'fdatasync',
  'fstat',
  'fsync',
  'ftruncate',
  'read',
  'write',
  'writev',
];

/** Counts the calls of the file system. All but those that end with `Sync` wake another thread. */
export async function countFileCalls() {
  const handle = await fs.promises.open('/dev/null');
  const handles = Object.getPrototypeOf(handle);
  await handle.close();
  for (const method of OF_HANDLES) countCalls(handles, method, () => `fs handle.${method}`);
  for (const method of OF_PATHS) {
    countCalls(fs.promises, method, () => `fs ${method}`);
    countCalls(fs, method, () => `fs ${method}`);
    countCalls(fs, `${method}Sync`, () => `fs ${method}Sync`);
  }
  for (const method of OF_DESCRIPTORS) {
    countCalls(fs, method, () => `fs ${method}`);
    countCalls(fs, `${method}Sync`, () => `fs ${method}Sync`);
  }
  countClosing();
  syncBuiltinESMExports();
}

/** `close` is not inherited: each handle has its own. */
function countClosing() {
  const { open } = fs.promises;
  fs.promises.open = async (...args) => {
    const handle = await open(...args);
    countCalls(handle, 'close', () => 'fs handle.close');
    return handle;
  };
}
