import type { KnownParts } from './known-parts.js';
import type { PieceStore } from './piece-store.js';
import type { S3Bucket } from './s3-bucket.js';
import type { S3Multipart } from './s3-multipart.js';
import type { CheckedOptions } from './s3-options.js';

/** What the steps of one storage share. */
export interface S3Parts {
  readonly bucket: S3Bucket;
  readonly multipart: S3Multipart;
  readonly store: PieceStore;
  readonly known: KnownParts;
  readonly options: CheckedOptions;
}
