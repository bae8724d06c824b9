import type { Readable } from 'node:stream';

export type JsonValue =
  null | boolean | number | string | JsonValue[] | { [name: string]: JsonValue };

/**
 * What a storage wants to be told again at its next call, opaque to everybody else. It is committed
 * in the same statement as the offset, so it must stay small: not grow with the number of chunks.
 */
export type StorageState = { [name: string]: JsonValue };

/** Names one upload's bytes: both keys are fixed when the upload begins. */
export interface StoredFile {
  /** Where the bytes are while they arrive. */
  readonly key: string;
  /** Where the bytes are after `finish`; may equal `key`. */
  readonly finalKey: string;
  /** What the last committed `sync` or `finish` returned. */
  readonly storageState: StorageState | null;
}

export interface OpenOptions {
  /** The committed offset: writing goes on exactly here, over whatever lies beyond. */
  readonly offset: number;
  /** Size of the whole file, if known. */
  readonly total: number | null;
  /** Unique to this writer: names that hold it cannot collide with another writer's. */
  readonly token: string;
}

/** First and last byte, both inclusive, as in RFC 9110, section 14.1.2. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Bytes that a storage holds, finished or not. */
export interface StoredBytes {
  /** The key, or final key, of the upload that they are of. */
  readonly key: string;
  /** How many, as far as the storage knows without reading them. */
  readonly size: number;
  /** When the last of them was written, by the storage's clock. */
  readonly modifiedAt: Date;
}

/**
 * Keeps bytes. It knows no HTTP, no database, no user and no expiry. Implement it for a store of
 * your own and hold it against `describeStorageContract` from `nestjs-chunked-upload/testing`.
 *
 * Every method can be repeated after a crash at any point. Failures are thrown as they come
 * (`ENOSPC` and `EDQUOT` become 507, all others 503), but for bytes that are not there:
 * `ChunkedUploadError.bytesMissing()`.
 */
export abstract class StorageProvider {
  /** Begins (at offset 0) or continues to write. Fails if fewer than `offset` bytes are there. */
  abstract open(file: StoredFile, options: OpenOptions): Promise<StorageWriter>;

  /** Makes exactly the first `size` bytes readable under `finalKey`, durably. Idempotent. */
  abstract finish(file: StoredFile, size: number): Promise<StorageState | null>;

  /** Reads a finished file. Fails before the first byte if there is none. */
  abstract createReadStream(file: StoredFile, range?: ByteRange): Promise<Readable>;

  /** Removes the bytes under both keys, finished or not. Idempotent. */
  abstract remove(file: StoredFile): Promise<void>;

  /** Whether at least the first `size` bytes are there, under either key. Reads none of them. */
  abstract holds(file: StoredFile, size: number): Promise<boolean>;

  /**
   * All that is kept in a folder (`a/b`, or the empty string for everything) and in those below it,
   * in any order, a key perhaps several times: what is finished, what is not, and what a writer that
   * died left without any state. In bounded memory, whatever their number.
   */
  abstract list(folder: string): AsyncIterable<StoredBytes>;

  /**
   * Optional: fails where nothing can be stored at all, with a message that says why and how that is
   * cured. Asked once when the application starts, which goes on, with a warning, if it fails.
   */
  check?(): Promise<void>;
}

/** One request's writing. Calls never overlap. */
export interface StorageWriter {
  /** Appends all of `buffers`. When it fails, none of them counts as written. */
  write(buffers: readonly Uint8Array[]): Promise<void>;
  /** Makes all that was written survive a power cut, and returns the state to commit. */
  sync(): Promise<StorageState | null>;
  /** Lets go of handles. What was not synced may be lost. Never fails. */
  close(): Promise<void>;
}
