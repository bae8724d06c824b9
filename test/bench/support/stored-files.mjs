import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

async function md5Of(path) {
  const hash = createHash('md5');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** Throws unless the directory holds every one of the files: nobody wins by losing bytes. */
export async function checkStoredFiles(directory, size, sums) {
  const missing = new Set(sums);
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    if ((await stat(path)).size === size) missing.delete(await md5Of(path));
  }
  if (missing.size > 0) throw new Error(`${missing.size} of ${sums.length} files were not stored`);
}
