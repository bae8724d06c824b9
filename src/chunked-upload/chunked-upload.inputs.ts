import type { AbstractChunkedUpload, ChunkedUploadStatus } from './chunked-upload.entity.js';
import type { JsonValue } from './storage/storage.provider.js';
import type { ChunkInput } from './engine/chunk-body.js';
import type { ChunkDigest } from './engine/reception.js';

export interface UploadFields {
  /**
   * 1 to 255 characters, trimmed, no NUL, and neither `.` nor `..`. For `create` it may be empty if not
   * known yet; then pass it to `append`.
   */
  readonly filename: string;
  /** Set both `ownerType` and `ownerId`, or neither. */
  readonly ownerType?: string | null;
  readonly ownerId?: string | null;
  /** Values for the type's `fields`; others are ignored. */
  readonly [field: string]: unknown;
}

/** What is stored about a new upload. */
export interface NewUploadInput {
  /**
   * An object, or a function for fields that arrive together with the bytes. The function is called before
   * the first byte, when it may return null if fields are still missing, and again with `atEnd: true` when
   * the row is written.
   */
  readonly fields: UploadFields | ((atEnd: boolean) => UploadFields | null);
  /** The stored file gets its extension from this name. Default: `filename`. */
  readonly clientName?: string;
}

/** The bytes of one request. */
export interface BodyInput {
  readonly body: ChunkInput;
  /** Number of bytes that the body must have; null or left out: it is not checked. */
  readonly length?: number | null;
  /** Digests of this chunk. With digests, nothing is kept if the body breaks off. */
  readonly digests?: readonly ChunkDigest[];
}

export interface AppendInput extends BodyInput {
  /** Offset of the first byte. The chunk is refused if the upload's offset differs. */
  readonly offset: number;
  /** Size of the whole file in bytes, if known. */
  readonly total?: number | null;
  /** The file's name, if `create` got none; taken with the first bytes. */
  readonly filename?: string;
  /**
   * Whether bytes are committed while they arrive, and kept if the body breaks off. Default: true; always
   * false with digests.
   */
  readonly keepBroken?: boolean;
  /**
   * Whether a chunk may have no bytes. Default: false. One that has none may also come when the upload
   * is complete, and changes nothing.
   */
  readonly mayBeEmpty?: boolean;
  /** Called with each offset that is committed before the last byte has arrived. */
  readonly onCheckpoint?: (offset: number) => void;
}

export interface BeginInput extends BodyInput, NewUploadInput {
  readonly total?: number | null;
}

export interface CreateInput extends NewUploadInput {
  /** The client's metadata header, returned as is when it asks. */
  readonly clientMetadata?: string | null;
  /** Size of the whole file in bytes, if known. */
  readonly total?: number | null;
}

export interface WholeInput extends BodyInput, NewUploadInput {
  /**
   * The file's checksum in hex, or a function that is called after the last byte. Null: the sender
   * gave none, which is refused unless the type has `checksum: false`. Left out: nothing is compared,
   * and the checksum of the received bytes is stored.
   */
  readonly checksum?: string | null | (() => string | null);
}

export interface CompleteInput {
  /**
   * The file's checksum in hex. `false`: compare with the one that the client sent when it started, if
   * any, and keep the checksum of the received bytes.
   */
  readonly checksum?: string | null | false;
  /** Size of the file, if no chunk has stated it. */
  readonly total?: number | null;
  /** The file's name, if `create` got none and no byte has arrived. */
  readonly filename?: string;
}

export interface FindInput {
  readonly status?: ChunkedUploadStatus;
  readonly ownerType?: string;
  readonly ownerId?: string;
  /** At most 1,000. */
  readonly limit?: number;
  readonly offset?: number;
}

/** An owner by its registered name and its primary key. */
export interface OwnerReference {
  readonly type: string;
  readonly id: string | number | bigint;
}

/** An entity of a class that is registered as an owner, or an `OwnerReference`. */
export type OwnerTarget = object;

export interface FindByOwnerInput {
  readonly status?: ChunkedUploadStatus;
  /** Default: all. */
  readonly limit?: number;
  readonly offset?: number;
}

export interface UploadPage<T extends AbstractChunkedUpload> {
  readonly uploads: T[];
  /** Maximum number of uploads in a page. */
  readonly limit: number;
  readonly hasMore: boolean;
}

export interface CompletedUpload<T extends AbstractChunkedUpload> {
  readonly upload: T;
  /** What `onComplete` returned; undefined if it returned nothing. */
  readonly response: JsonValue | undefined;
}
