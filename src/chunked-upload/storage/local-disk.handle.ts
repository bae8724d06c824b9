import type { FileHandle } from 'node:fs/promises';

/** What `work` makes of a handle, which is closed where that fails. */
export async function closedOnFailure<R>(handle: FileHandle, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    await handle.close().catch(() => undefined);
    throw error;
  }
}
