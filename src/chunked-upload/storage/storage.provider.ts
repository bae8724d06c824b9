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
  /** Bytes that this chunk was announced with; null: unknown. It may bring fewer. */
  readonly length: number | null;
  /** Size of the whole file in bytes, if known. */
  readonly total: number | null;
  /** Unique to this writer: names that hold it cannot collide with another writer's. */
  readonly token: string;
  /**
   * How many writers have taken the upload since one last gave it back with a commit, this one
   * included. 1: nobody before it can have left anything beyond `offset`.
   */
  readonly attempt: number;
  /**
   * A writer before this one may still be running somewhere and may yet write: its lease ran out
   * and nobody knows that it is dead, or one of its calls never came back. Nothing that such a
   * writer does from now on, also opening late, may reach the bytes that this one commits. It stays
   * true for every writer until one that was told of it has committed. To keep it may take time in
   * proportion to `offset`.
   */
  readonly contested: boolean;
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
   * Asked before each read: how many bytes to take at a time, so that many readers, and those who
   * read nothing of what they asked for, stay within the memory of the process. At least 16 KiB. A
   * storage that has no say in it passes it over.
   */
  readonly nextChunk?: () => number;
}

/** What a URL of a finished file is for. */
export interface DownloadUrlOptions {
  readonly method: 'GET' | 'HEAD';
  /** What its answer is to say (RFC 6266). */
  readonly contentDisposition: string;
  readonly contentType: string;
}

/** Bytes that a storage holds, finished or not. */
export interface StoredBytes {
  /** The key, or final key, of the upload that they are of. */
  readonly key: string;
  /** How many, as far as the storage knows without reading them. */
  readonly size: number;
  /** When the last of them was written, by the storage's clock. */
  readonly modifiedAt: Date;
  /** False: they are not the finished file, whatever their key. Left out: the key says what they are. */
  readonly finished?: boolean;
}

/**
 * Keeps bytes. It knows no HTTP, no database, no user and no expiry. Implement it for a store of
 * your own and hold it against `describeStorageContract` from `nestjs-chunked-upload/testing`.
 *
 * Every method can be repeated after a crash at any point. Failures are thrown as they come
 * (`ENOSPC` and `EDQUOT` become 507, `EFBIG` 413, all others 503), but for bytes that are not there,
 * `ChunkedUploadError.bytesMissing()`, and for a file that is larger than the storage takes,
 * `ChunkedUploadError.exceedsStorage()`.
 */
export abstract class StorageProvider {
  /**
   * Bytes of the largest file that can be stored: of one that is announced to be larger nothing is
   * taken. Left out: the storage says so when it is full of it.
   */
  readonly largestFile?: number;

  /**
   * Begins (at offset 0) or continues to write.
   * @throws ChunkedUploadError `bytes_missing` where fewer than `offset` bytes are there
   */
  abstract open(file: StoredFile, options: OpenOptions): Promise<StorageWriter>;

  /**
   * Makes exactly the first `size` bytes readable under `finalKey`, durably, in a time that does
   * not depend on `size`. Idempotent, with the state from before as with the one that it returned.
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
   * Optional: reads committed bytes of an upload that is not finished, or that a completion has
   * finished without the record's knowing. A checksum that lags behind is caught up by it, by at
   * most 8 MiB. Leave it out where it cannot be done: then the checksum never lags.
   * @throws ChunkedUploadError `bytes_missing`, before the first byte, where the range is not there
   */
  readUnfinished?(file: StoredFile, range: ByteRange, options?: ReadOptions): Promise<Readable>;

  /**
   * Optional: a URL by which whoever has it can fetch a finished file from the store itself, for a
   * short time. Null: files are to be fetched by `createReadStream`.
   */
  createDownloadUrl?(file: StoredFile, options: DownloadUrlOptions): Promise<string | null>;

  /** Removes the bytes under both keys, finished or not, whoever wrote them. Idempotent. */
  abstract remove(file: StoredFile): Promise<void>;

  /**
   * Optional: removes all of a finished upload but the finished file, such as what a writer left that
   * came late. Left out: that stays until the upload is removed. Idempotent.
   */
  removeLeftovers?(file: StoredFile): Promise<void>;

  /**
   * Whether at least the first `size` bytes are there, under either key; also asked without the
   * state. Reads none of them.
   */
  abstract holds(file: StoredFile, size: number): Promise<boolean>;

  /**
   * All that is kept in a folder (`a/b`, or the empty string for everything) and in those below it,
   * in any order, a key perhaps several times: what is finished, what is not, and what a writer that
   * died left without any state. In bounded memory, whatever their number.
   */
  abstract list(folder: string): AsyncIterable<StoredBytes>;

  /**
   * Optional: fails where nothing can be stored at all, with a message that says why and how that is
   * cured. A string is a warning of less: what is stored, but not as safely as promised. Asked once
   * when the application starts, which goes on and says it in its log.
   */
  check?(): Promise<string | null | void>;
}

/** One request's writing. Calls never overlap. */
export interface StorageWriter {
  /** Appends all of `buffers`. When it fails, none of them counts as written. */
  write(buffers: readonly Uint8Array[]): Promise<void>;

  /**
   * Makes all that was written so far survive a power cut, and returns the state to commit with it.
   * A long chunk is committed on its way: more may be written and synced after it.
   */
  sync(): Promise<StorageState | null>;

  /**
   * Optional: told that what `sync` returned last has been committed, of a writer that goes on: who
   * takes its place now will see that state, or a later one.
   */
  committed?(): void;

  /**
   * Optional: what `sync` and then the storage's `finish` do with all bytes up to here, in fewer
   * steps. Called at most once, as the last before `close`, for a file that comes whole in one
   * request and is recorded only after it. Left out: those two are called.
   */
  finish?(): Promise<StorageState | null>;

  /** Lets go of handles. What was not synced may be lost. Never fails. */
  close(): Promise<void>;
}
