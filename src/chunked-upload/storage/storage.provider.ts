import type { Readable } from 'node:stream';

export type JsonValue =
  null | boolean | number | string | JsonValue[] | { [name: string]: JsonValue };

/**
 * What a storage has to remember about an upload: it is handed back at the next call, and nobody else
 * looks into it. It is committed in the same statement as the offset, so keep it small: it must not grow
 * with the number of chunks.
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
  /** The committed offset. Write from exactly here, over anything that is already there. */
  readonly offset: number;
  /** How many bytes this chunk announced; null: unknown. Fewer may come. */
  readonly length: number | null;
  /** Size of the whole file in bytes, if known. */
  readonly total: number | null;
  /** Unique to this writer: use it in names that must not collide with another writer's. */
  readonly token: string;
  /**
   * How many writers have taken the upload since one last committed and gave it back, including this
   * one. With 1, nobody before it can have left anything beyond `offset`.
   */
  readonly attempt: number;
  /**
   * An earlier writer may still be running and may still write: its lease ran out and nobody knows that
   * it is dead, or one of its calls never returned. Nothing that it does from now on, even opening
   * late, may reach the bytes that this writer commits. Preventing that may take time in proportion to
   * `offset`. It is true for every writer until one that was told so has committed.
   */
  readonly contested: boolean;
  /**
   * Aborted when the call has been given up because it took too long: its writer, if it comes after
   * all, is only closed. A storage that copies for a contested writer should stop then.
   */
  readonly signal?: AbortSignal;
}

export interface FinishOptions {
  /** As in `OpenOptions`: 1: nobody can have left anything beyond the bytes to finish. */
  readonly attempt: number;
  /** As in `OpenOptions`: bytes may yet be written beyond those to finish, never among them. */
  readonly contested: boolean;
}

/** First and last byte, both inclusive, as in RFC 9110, section 14.1.2. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface ReadOptions {
  /**
   * Call it before each read: it returns how many bytes to read at a time, at least 16 KiB. It keeps many
   * downloads, and those that nobody reads, within the memory of the process. A storage that cannot
   * choose ignores it.
   */
  readonly nextChunk?: () => number;
}

/** What a URL of a finished file is for. */
export interface DownloadUrlOptions {
  readonly method: 'GET' | 'HEAD';
  /** The header of the store's answer (RFC 6266). */
  readonly contentDisposition: string;
  readonly contentType: string;
}

/** Bytes that a storage holds, finished or not. */
export interface StoredBytes {
  /** `key` or `finalKey` of the upload that they belong to. */
  readonly key: string;
  /** How many, as far as the storage knows without reading them. */
  readonly size: number;
  /** When the last of them was written, by the storage's clock. */
  readonly modifiedAt: Date;
  /** False: not the finished file, whatever the key. Left out: the key says whether it is finished. */
  readonly finished?: boolean;
}

/**
 * Keeps bytes. It knows no HTTP, no database, no user and no expiry. Extend it for a store of your own,
 * and test it with `describeStorageContract` from `nestjs-chunked-upload/testing`.
 *
 * It must be possible to repeat every method after a crash at any point. Throw failures as they come
 * (`ENOSPC` and `EDQUOT` become 507, `EFBIG` 413, all others 503), with two exceptions: throw
 * `ChunkedUploadError.bytesMissing()` if bytes are not there, and `ChunkedUploadError.exceedsStorage()`
 * if a file is larger than the storage takes.
 */
export abstract class StorageProvider {
  /**
   * Size in bytes of the largest file that can be stored. A file that announces more is refused when it
   * begins. Left out: the storage throws when it cannot hold more.
   */
  readonly largestFile?: number;

  /**
   * Begins (at offset 0) or continues to write.
   * @throws ChunkedUploadError `bytes_missing` where fewer than `offset` bytes are there
   */
  abstract open(file: StoredFile, options: OpenOptions): Promise<StorageWriter>;

  /**
   * Makes exactly the first `size` bytes readable under `finalKey`, durably, in a time that does
   * not depend on `size`. Idempotent, whether called with the state from before or the one it returned.
   * @throws ChunkedUploadError `bytes_missing` where fewer than `size` bytes are there
   */
  abstract finish(
    file: StoredFile,
    size: number,
    options: FinishOptions,
  ): Promise<StorageState | null>;

  /**
   * Reads a finished file: all of it, or a range that lies within it.
   * @throws ChunkedUploadError `bytes_missing`, before the first byte, where there is none
   */
  abstract createReadStream(
    file: StoredFile,
    range?: ByteRange,
    options?: ReadOptions,
  ): Promise<Readable>;

  /**
   * Optional: reads committed bytes of an upload that is not finished, or that a completion finished
   * before it could update the record. A checksum that lags behind catches up with it, by at most
   * 8 MiB. Leave it out if it cannot be done: then each chunk is hashed before it is answered.
   * @throws ChunkedUploadError `bytes_missing`, before the first byte, where the range is not there
   */
  readUnfinished?(file: StoredFile, range: ByteRange, options?: ReadOptions): Promise<Readable>;

  /**
   * Optional: a URL with which anybody can fetch a finished file from the store itself, for a short
   * time. Null: the file is served with `createReadStream`.
   */
  createDownloadUrl?(file: StoredFile, options: DownloadUrlOptions): Promise<string | null>;

  /** Removes the bytes under both keys, finished or not, whoever wrote them. Idempotent. */
  abstract remove(file: StoredFile): Promise<void>;

  /**
   * Optional: removes everything of a finished upload except the file, such as what a late writer left
   * behind. Left out: that stays until the upload is removed. Idempotent.
   */
  removeLeftovers?(file: StoredFile): Promise<void>;

  /**
   * Whether at least the first `size` bytes are there, under either key. It may be called without the
   * state. It reads no bytes.
   */
  abstract holds(file: StoredFile, size: number): Promise<boolean>;

  /**
   * Everything in a folder (`a/b`, or the empty string for all) and in the folders below it, in any
   * order; a key may come several times. Includes finished and unfinished files, and what a dead
   * writer left without any state. Uses bounded memory, however many there are.
   */
  abstract list(folder: string): AsyncIterable<StoredBytes>;

  /**
   * Optional: called once when the application starts. Throws if nothing can be stored at all, with a
   * message that says why and what to do. Returns a warning if files can be stored, but not as safely
   * as promised. Either is logged, and the start goes on.
   */
  check?(): Promise<string | null | void>;

  /**
   * Optional: how many bytes there is room for, of a storage that can be full, such as a disk. For
   * the health of the application, which asks often.
   */
  freeBytes?(): Promise<number>;
}

/** One request's writing. Calls never overlap. */
export interface StorageWriter {
  /** Appends all of `buffers`. If it fails, none of them counts as written. */
  write(buffers: readonly Uint8Array[]): Promise<void>;

  /**
   * Makes everything written so far survive a power cut, and returns the state to commit with it. A long
   * chunk is committed on the way, so more may be written and synced afterwards; a contested writer is
   * synced before its first byte, so that what it took to keep others out is not lost.
   */
  sync(): Promise<StorageState | null>;

  /**
   * Optional: called when the state that `sync` last returned has been committed and the writer goes on.
   * A writer that takes over from now on gets that state, or a later one.
   */
  committed?(): void;

  /**
   * Optional: does what `sync` and then the storage's `finish` do, in fewer steps. Called at most once,
   * last before `close`, for a file that comes whole in one request and is recorded only afterwards.
   * Left out: those two are called.
   */
  finish?(): Promise<StorageState | null>;

  /** Closes what is open. What was not synced may be lost. Never fails. */
  close(): Promise<void>;
}
