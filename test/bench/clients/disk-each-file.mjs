import { open } from 'node:fs/promises';
import { join } from 'node:path';

/** No server: the file is written, and synced once at its end. What the disk itself can take. */
export async function upload({ directory }, file) {
  const handle = await open(join(directory, file.name), 'w');
  for (const { bytes } of file.chunks()) await handle.write(bytes);
  await handle.datasync();
  await handle.close();
}
