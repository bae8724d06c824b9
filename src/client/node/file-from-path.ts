import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';

/**
 * A file on disk, read only while it is sent.
 *
 * @throws the error of `node:fs`, such as ENOENT; TypeError for a folder
 */
export async function fileFromPath(path: string): Promise<File> {
  const stats = await stat(path);
  if (!stats.isFile()) throw new TypeError(`${path} is not a file`);
  const lastModified = Math.trunc(stats.mtimeMs);
  return new File([await openAsBlob(path)], basename(path), { lastModified });
}

/** The folder of a file, whatever the folder that the program runs in. */
export function folderOf(path: string): string {
  return dirname(resolve(path));
}
