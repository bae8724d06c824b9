import { open } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * No server: each chunk is written and synced before the next. A server that answers for every
 * chunk it acknowledged, and begins to sync only at its end, cannot be faster than this.
 */
export async function upload({ directory }, file) {
  const handle = await open(join(directory, file.name), 'w');
  for (const { bytes } of file.chunks()) {
    await handle.write(bytes);
    await handle.datasync();
  }
  await handle.close();
}
