import type { S3Rules } from './s3-double.types.js';

const MIB = 1024 * 1024;
const HOUR = 3_600_000;

/** S3 as its documentation has it, without what most other stores lack. */
const COMMON: S3Rules = {
  minPartSize: 5 * MIB,
  maxParts: 10_000,
  partSizes: 'free',
  consecutiveNumbers: false,
  emptyParts: true,
  failedReplacementLosesPart: false,
  completion: 'some',
  secondCompletion: 'NoSuchUpload',
  emptyCompletionETag: false,
  deletionHidesOlderUploads: false,
  partsOutliveAbort: false,
  listingOfNoUpload: 'NoSuchUpload',
  completionOfNoUpload: 'NoSuchUpload',
  uploadsVanishAfter: null,
  uploadsListedByKey: false,
  uploadsListedById: false,
  partCopies: true,
  batchDeletion: true,
  conditionalWrites: false,
};

/**
 * What single stores do otherwise. Where nobody has written down what a store does, the strictest
 * that is known of another.
 */
export const S3_MODES = {
  aws: {
    ...COMMON,
    secondCompletion: 'same answer',
    // User guide, "Uploading and copying objects using multipart upload", concurrent operations.
    deletionHidesOlderUploads: true,
    // AbortMultipartUpload: parts in progress might or might not succeed.
    partsOutliveAbort: true,
    conditionalWrites: true,
  },
  /** Cloudflare R2: developers.cloudflare.com/r2/objects/multipart-objects. */
  r2: {
    ...COMMON,
    partSizes: 'equal',
    failedReplacementLosesPart: true,
    uploadsVanishAfter: 7 * 24 * HOUR,
    conditionalWrites: true,
  },
  /** Ceph's gateway, version 16, as it answers; DigitalOcean Spaces and others are built on it. */
  ceph: {
    ...COMMON,
    completion: 'every',
    secondCompletion: 'same parts',
    emptyCompletionETag: true,
    listingOfNoUpload: 'NoSuchKey',
    completionOfNoUpload: 'InternalError',
    conditionalWrites: true,
  },
  /** Mega S4: its own message, "same size … and consecutive sequential part numbers". */
  mega: {
    ...COMMON,
    partSizes: 'equal at once',
    consecutiveNumbers: true,
    completion: 'every in sequence',
  },
  /** The XML API of Google Cloud Storage. */
  gcs: { ...COMMON, partCopies: false, batchDeletion: false },
  /** cmd/erasure-multipart.go; `stale_uploads_expiry` is 24 h. */
  minio: {
    ...COMMON,
    uploadsListedByKey: true,
    uploadsVanishAfter: 24 * HOUR,
    conditionalWrites: true,
  },
  /** src/api/s3/multipart.rs. */
  garage: { ...COMMON, minPartSize: 0, emptyParts: false },
  /** Scaleway's documentation of multipart uploads. */
  scaleway: { ...COMMON, maxParts: 1000 },
  /** Backblaze B2: b2_finish_large_file wants all parts, from 1 on. */
  b2: { ...COMMON, completion: 'every in sequence' },
  /** weed/s3api/filer_multipart.go: an object remembers the upload that made it. */
  seaweedfs: {
    ...COMMON,
    secondCompletion: 'same answer',
    uploadsListedById: true,
    conditionalWrites: true,
  },
} as const satisfies Record<string, S3Rules>;

export type S3Mode = keyof typeof S3_MODES;
