import type { FileHandle } from 'node:fs/promises';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { StorageWriter } from './storage.provider.js';

// Bytes written before the disk is asked to begin: a sync at the very end of an 8 MiB chunk would
// make its sender wait for all of them.
const SYNC_EVERY = 2 * 1024 * 1024;

/** Writes at positions, never "at the end": what an earlier, broken request left is overwritten. */
export class LocalDiskWriter implements StorageWriter {
  #unsynced = 0;
  #syncing: Promise<void> | null = null;
  #syncFailure: { readonly error: unknown } | null = null;

  constructor(
    private readonly handle: FileHandle,
    private position: number,
    private readonly durable: boolean,
    private readonly folderSync: Promise<void> = Promise.resolve(),
  ) {
    // It is awaited only in `sync`; until then a failure must not count as unhandled.
    folderSync.catch(() => undefined);
  }

  async write(buffers: readonly Uint8Array[]): Promise<void> {
    let rest = buffers;
    let position = this.position;
    while (rest.length > 0) {
      const { bytesWritten } = await this.handle.writev(rest, position);
      position += bytesWritten;
      rest = skip(rest, bytesWritten);
    }
    this.#unsynced += position - this.position;
    this.position = position;
    if (this.durable && this.#unsynced >= SYNC_EVERY && this.#syncing === null) this.#beginSync();
  }

  async sync(): Promise<null> {
    await this.#sync();
    // Somebody may have removed the file while it was written: nothing of it may be acknowledged.
    const { nlink } = await this.handle.stat();
    if (nlink === 0) throw ChunkedUploadError.bytesMissing();
    return null;
  }

  async #sync(): Promise<void> {
    if (!this.durable) return;
    await this.folderSync;
    await this.#syncing;
    // A failed sync is never tried again: the kernel may have dropped the pages it failed on.
    if (this.#syncFailure) throw this.#syncFailure.error;
    await this.handle.datasync();
  }

  async close(): Promise<void> {
    await this.folderSync.catch(() => undefined);
    await this.#syncing;
    await this.handle.close().catch(() => undefined);
  }

  #beginSync(): void {
    this.#unsynced = 0;
    this.#syncing = this.handle
      .datasync()
      .catch((error: unknown) => {
        this.#syncFailure = { error };
      })
      .finally(() => {
        this.#syncing = null;
      });
  }
}

/** What is left of `buffers` after their first `count` bytes: the kernel may write less than all. */
function skip(buffers: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let index = 0;
  let left = count;
  for (let head = buffers[0]; head && left >= head.length; head = buffers[index]) {
    left -= head.length;
    index += 1;
  }
  const head = buffers[index];
  return head && left > 0
    ? [head.subarray(left), ...buffers.slice(index + 1)]
    : buffers.slice(index);
}
