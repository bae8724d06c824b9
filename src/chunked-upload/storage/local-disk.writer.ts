import type { FileHandle } from 'node:fs/promises';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { StorageState, StorageWriter } from './storage.provider.js';

// Bytes written before the disk is asked to begin: a sync at the very end of an 8 MiB chunk would
// make its sender wait for all of them.
const SYNC_EVERY = 2 * 1024 * 1024;

/** What a writer writes to, and what of it is left to the storage. */
export interface LocalDiskTarget {
  readonly handle: FileHandle;
  /** Where the first byte goes. */
  readonly offset: number;
  /** What `sync` returns. */
  readonly state: StorageState | null;
  /** Whether a sync makes the bytes durable. */
  readonly durable: boolean;
  /** Makes the file's name durable; null: it has been before, or need not be. */
  readonly syncName: (() => Promise<void>) | null;
  /** Whether the file could be removed without anybody's refusing the commit. */
  readonly mayVanish: boolean;
  /** Names it as the finished file of so many bytes, all durable. */
  readonly finish: (size: number) => Promise<StorageState | null>;
  /** Removes the file, which nobody else knows; null: others do. */
  readonly discard: (() => Promise<void>) | null;
}

/** Writes at positions, never "at the end": what an earlier, broken request left is overwritten. */
export class LocalDiskWriter implements StorageWriter {
  #position: number;
  #unsynced = 0;
  #syncing: Promise<void> | null = null;
  #syncFailure: { readonly error: unknown } | null = null;
  #nameSynced = false;
  #kept = false;

  constructor(private readonly target: LocalDiskTarget) {
    this.#position = target.offset;
  }

  async write(buffers: readonly Uint8Array[]): Promise<void> {
    let rest = buffers;
    let position = this.#position;
    while (rest.length > 0) {
      const { bytesWritten } = await this.target.handle.writev(rest, position);
      position += bytesWritten;
      rest = skip(rest, bytesWritten);
    }
    this.#unsynced += position - this.#position;
    this.#position = position;
    if (!this.target.durable || this.#unsynced < SYNC_EVERY || this.#syncing !== null) return;
    this.#beginSync();
  }

  async sync(): Promise<StorageState | null> {
    const { durable, handle, syncName, mayVanish, state } = this.target;
    this.#kept = true;
    // Together: each of them would wake the disk, and us, by itself.
    await Promise.all([
      durable && this.#syncBytes(),
      durable && !this.#nameSynced && syncName?.(),
      mayVanish && assertLinked(handle),
    ]);
    this.#nameSynced = true;
    return state;
  }

  async finish(): Promise<StorageState | null> {
    this.#kept = true;
    await this.#settled();
    return this.target.finish(this.#position);
  }

  async close(): Promise<void> {
    await this.#syncing;
    await this.target.handle.close().catch(() => undefined);
    if (!this.#kept) await this.target.discard?.().catch(() => undefined);
  }

  async #syncBytes(): Promise<void> {
    await this.#settled();
    this.#beginSync();
    await this.#settled();
  }

  async #settled(): Promise<void> {
    await this.#syncing;
    // A failed sync is never tried again: the kernel may have dropped the pages it failed on.
    if (this.#syncFailure) throw this.#syncFailure.error;
  }

  #beginSync(): void {
    this.#unsynced = 0;
    this.#syncing = this.target.handle
      .datasync()
      .catch((error: unknown) => {
        this.#syncFailure = { error };
      })
      .finally(() => {
        this.#syncing = null;
      });
  }
}

/** Somebody may have removed the file while it was written: nothing of it may be acknowledged. */
async function assertLinked(handle: FileHandle): Promise<void> {
  const { nlink } = await handle.stat();
  if (nlink === 0) throw ChunkedUploadError.bytesMissing();
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
