import type { AbstractChunkedUpload, ChunkedUploadStatus } from './chunked-upload.entity.js';
import type { JsonValue } from './storage/storage.provider.js';
import type { ChunkInput } from './engine/chunk-body.js';
import type { ChunkDigest } from './engine/reception.js';

export interface UploadFields {
  /** 1 to 255 characters. For `create` it may be empty if it is not known yet; `append` gives it then. */
  readonly filename: string;
  /** Together with `ownerId`, or not at all. */
  readonly ownerType?: string | null;
  readonly ownerId?: string | null;
  /** Values for the type's `fields`; others are ignored. */
  readonly [field: string]: unknown;
}

/** What is stored about a new upload. */
export interface NewUploadInput {
  /**
   * An object, or a function for fields that come while the bytes arrive. The function is called before
   * the first byte, where null means that they are not complete yet, and again with `atEnd: true`
   * when the row is written.
   */
  readonly fields: UploadFields | ((atEnd: boolean) => UploadFields | null);
  /** The stored file gets its extension from this name. Default: `filename`. */
  readonly clientName?: string;
}

/** The bytes of one request. */
export interface BodyInput {
  readonly body: ChunkInput;
  /** How many bytes the body must have; null or left out: as many as come. */
  readonly length?: number | null;
  /** Digests of this chunk. With one, nothing is kept of a body that breaks off. */
  readonly digests?: readonly ChunkDigest[];
}

export interface AppendInput extends BodyInput {
  /** Offset of the first byte. If it is not the upload's offset, the chunk is refused. */
  readonly offset: number;
  /** Size of the whole file in bytes, if known. */
  readonly total?: number | null;
  /** The file's name, if `create` got none; taken with the first bytes. */
  readonly filename?: string;
  /**
   * Whether the bytes of a body that breaks off are kept, and committed on the way. Default: true; with
   * digests always false.
   */
  readonly keepBroken?: boolean;
  /**
   * Whether a chunk may have no bytes. Default: false. One that has none may also come when the upload
   * is complete, and changes nothing.
   */
  readonly mayBeEmpty?: boolean;
  /** Called with each offset that is committed on the way, before the last byte has come. */
  readonly onCheckpoint?: (offset: number) => void;
}

export interface BeginInput extends BodyInput, NewUploadInput {
  readonly total?: number | null;
}

export interface CreateInput extends NewUploadInput {
  /** Metadata as the client sent them in its protocol, which may ask for them again. */
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
   * The file's checksum in hex. `false`: compare with the one, if any, that the client said when it
   * began, and keep the checksum of what has come.
   */
  readonly checksum?: string | null | false;
  /** Size of the file, if no chunk has said it. */
  readonly total?: number | null;
  /** The file's name, if `create` got none and no byte has come. */
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
  /** The most uploads that a page may have. */
  readonly limit: number;
  readonly hasMore: boolean;
}

export interface CompletedUpload<T extends AbstractChunkedUpload> {
  readonly upload: T;
  /** What `onComplete` returned; undefined if it returned nothing. */
  readonly response: JsonValue | undefined;
}
