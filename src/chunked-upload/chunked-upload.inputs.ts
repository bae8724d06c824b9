import type { AbstractChunkedUpload, ChunkedUploadStatus } from './chunked-upload.entity.js';
import type { JsonValue } from './storage/storage.provider.js';
import type { ChunkInput } from './engine/chunk-body.js';
import type { ChunkDigest } from './engine/reception.js';

export interface UploadFields {
  /** 1 to 255 characters. Of `create` it may be empty: not known yet, `append` says it. */
  readonly filename: string;
  /** Together with `ownerId`, or not at all. */
  readonly ownerType?: string | null;
  readonly ownerId?: string | null;
  /** Values for the type's `fields`; what is none of them is passed over. */
  readonly [field: string]: unknown;
}

/** What a new upload's row takes from its request. */
export interface NewUploadInput {
  /**
   * A function is asked before the first byte, where null means that more may be said, and again
   * when the row is written, `atEnd`.
   */
  readonly fields: UploadFields | ((atEnd: boolean) => UploadFields | null);
  /** Name that gives the stored file its extension. Default: `filename`. */
  readonly clientName?: string;
}

/** The bytes of one request. */
export interface BodyInput {
  readonly body: ChunkInput;
  /** How many bytes it must have; null or left out: as many as it has. */
  readonly length?: number | null;
  /** Digests of these bytes alone. With one, a body that breaks is not kept. */
  readonly digests?: readonly ChunkDigest[];
}

export interface AppendInput extends BodyInput {
  /** Offset of the first byte; the upload's own offset, or the chunk is refused. */
  readonly offset: number;
  /** Size of the whole file in bytes, if known. */
  readonly total?: number | null;
  /** The file's name, where `create` was not told it: taken with the first bytes. */
  readonly filename?: string;
  /**
   * Whether what arrives of a body that breaks is kept, and what has arrived is committed on the way.
   * Default: true, but never with digests.
   */
  readonly keepBroken?: boolean;
  /** Whether no byte at all is a proper chunk. Default: false. */
  readonly mayBeEmpty?: boolean;
  /** Called with each offset that is committed on the way, before the last byte has come. */
  readonly onCheckpoint?: (offset: number) => void;
}

export interface BeginInput extends BodyInput, NewUploadInput {
  readonly total?: number | null;
}

export interface CreateInput extends NewUploadInput {
  /** What the client said of the file in the words of its protocol, which it may ask for again. */
  readonly clientMetadata?: string | null;
  /** Size of the whole file in bytes, if known. */
  readonly total?: number | null;
}

export interface WholeInput extends BodyInput, NewUploadInput {
  /**
   * The file's checksum in hex; a function is asked after the last byte. Null: one is asked for and was
   * not given, which is refused unless the type has no `checksum`. Left out: none is asked for, and what
   * came is kept with its sum.
   */
  readonly checksum?: string | null | (() => string | null);
}

export interface CompleteInput {
  /** The file's checksum in hex; false: none is asked for, and that of what has come is kept. */
  readonly checksum?: string | null | false;
  /** Size of the file where no chunk has said it. */
  readonly total?: number | null;
  /** The file's name, where `create` was not told it and no byte has come. */
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
  /** How many it may hold. */
  readonly limit: number;
  readonly hasMore: boolean;
}

export interface CompletedUpload<T extends AbstractChunkedUpload> {
  readonly upload: T;
  /** What `onComplete` answered; undefined where it answered nothing. */
  readonly response: JsonValue | undefined;
}
