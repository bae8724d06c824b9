import type { Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessMissing } from './local-disk.missing.js';
import { keyOfWriters } from './local-disk.paths.js';
import { resolveKey } from './storage-key.js';
import type { StoredBytes } from './storage.provider.js';

/**
 * All files below a folder of `root`, a folder at a time: only the names of folders are kept. Links
 * are neither listed nor followed, and what vanishes meanwhile is left out.
 */
export async function* listFiles(root: string, folder: string): AsyncGenerator<StoredBytes> {
  const folders: string[] = [];
  const path = folder === '' ? root : resolveKey(root, folder);
  for await (const entry of entriesOf(path)) {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) folders.push(name);
    if (!entry.isFile()) continue;
    const stats = await lstat(join(path, entry.name)).catch(unlessMissing);
    if (!stats?.isFile()) continue;
    const { size, mtime: modifiedAt } = stats;
    const ofWriters = keyOfWriters(folder);
    if (ofWriters === null) yield { key: name, size, modifiedAt };
    else yield { key: ofWriters, size, modifiedAt, finished: false };
  }
  for (const below of folders.toSorted()) yield* listFiles(root, below);
}

async function* entriesOf(path: string): AsyncGenerator<Dirent> {
  const directory = await opendir(path).catch(unlessMissing);
  if (directory) yield* directory;
}
