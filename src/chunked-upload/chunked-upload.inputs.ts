import type { AbstractChunkedUpload, ChunkedUploadStatus } from './chunked-upload.entity.js';
import type { JsonValue } from './storage/storage.provider.js';
import type { ChunkInput } from './engine/chunk-body.js';
import type { ChunkDigest } from './engine/reception.js';

/** A value, or a function that is asked for it late: a form may say it only after the file. */
export type Late<V> = V | (() => V);

export interface UploadFields {
  /** 1 to 255 characters. */
  readonly filename: string;
  readonly ownerType?: string | null;
  readonly ownerId?: string | null;
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
}

export interface BeginInput extends BodyInput {
  readonly total?: number | null;
  /** Asked before the first byte and again when the row is written. */
  readonly fields: Late<UploadFields>;
  /** Name that gives the stored file its extension. Default: `filename`. */
  readonly clientName?: string;
}

export interface WholeInput extends BodyInput {
  readonly fields: Late<UploadFields>;
  readonly clientName?: string;
  /** The file's checksum in hex, asked for after the last byte. */
  readonly checksum?: Late<string | null | undefined>;
}

export interface CompleteInput {
  /** The file's checksum in hex. */
  readonly checksum?: string | null;
  /** Size of the file where no chunk has said it. */
  readonly total?: number | null;
}

export interface FindInput {
  readonly status?: ChunkedUploadStatus;
  readonly ownerType?: string;
  readonly ownerId?: string;
  /** At most 1,000. */
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
