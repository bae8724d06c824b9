import type { S3Answer, S3Call, S3Operation } from '../s3-double.types.js';
import { S3Error } from '../s3-error.js';
import type { MultipartUpload, Store } from '../store.js';
import { failure } from './answers.js';
import { createBucket, headBucket } from './buckets.js';
import { completeMultipartUpload } from './completion.js';
import { listMultipartUploads, listObjectsV2, listParts } from './listings.js';
import {
  abortMultipartUpload,
  createMultipartUpload,
  uploadPart,
  uploadPartCopy,
} from './multipart.js';
import {
  copyObject,
  deleteObject,
  deleteObjects,
  getObject,
  headObject,
  putObject,
} from './objects.js';

type Perform = (store: Store, call: S3Call) => S3Answer;

const OPERATIONS: Readonly<Record<Exclude<S3Operation, 'UploadPart'>, Perform>> = {
  CreateBucket: createBucket,
  HeadBucket: headBucket,
  PutObject: putObject,
  GetObject: getObject,
  HeadObject: headObject,
  DeleteObject: deleteObject,
  DeleteObjects: deleteObjects,
  CopyObject: copyObject,
  CreateMultipartUpload: createMultipartUpload,
  UploadPartCopy: uploadPartCopy,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
  ListParts: listParts,
  ListMultipartUploads: listMultipartUploads,
  ListObjectsV2: listObjectsV2,
};

/** Does all of it at once: no request sees half of another. `begun`: of a part, its upload. */
export function perform(store: Store, call: S3Call, begun: MultipartUpload | null): S3Answer {
  try {
    if (call.operation !== 'UploadPart') return OPERATIONS[call.operation](store, call);
    if (begun) return uploadPart(store, call, begun);
    throw new Error('A part is begun before it is put');
  } catch (error) {
    if (error instanceof S3Error) return failure(error);
    throw error;
  }
}
