import type { IncomingHttpHeaders } from 'node:http';
import type { Bytes } from './bytes.js';

/** What the double can do, by the names of the S3 API. Anything else is answered with 501. */
export const S3_OPERATIONS = [
  'CreateBucket',
  'HeadBucket',
  'PutObject',
  'GetObject',
  'HeadObject',
  'DeleteObject',
  'DeleteObjects',
  'CopyObject',
  'CreateMultipartUpload',
  'UploadPart',
  'UploadPartCopy',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
  'ListParts',
  'ListMultipartUploads',
  'ListObjectsV2',
] as const;
export type S3Operation = (typeof S3_OPERATIONS)[number];

/** One request, received whole and with a right signature. */
export interface S3Call {
  readonly operation: S3Operation;
  readonly bucket: string;
  /** Empty where it is about the bucket. */
  readonly key: string;
  readonly uploadId: string | null;
  readonly partNumber: number | null;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Bytes;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Bytes;
}

/** Null: the connection is cut. */
export type S3Outcome = S3Answer | null;

/**
 * Stands between a request and what it does. `proceed` does it and returns what is to be answered,
 * errors too; call it never, later or twice.
 */
export type S3Hook = (call: S3Call, proceed: () => Promise<S3Outcome>) => Promise<S3Outcome>;

/** What became of a request. */
export interface S3LogEntry {
  readonly operation: S3Operation;
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string | null;
  readonly partNumber: number | null;
  readonly headers: IncomingHttpHeaders;
  /** Bytes of its body that have come. */
  received: number;
  /** Bytes of the answer's body. */
  sent: number;
  /** Null: not answered yet, or never: the connection ended before. */
  status: number | null;
  /** `NoSuchUpload` and the like; null: no error. */
  code: string | null;
}

/** What the double keeps: an object, or a part of an upload that is not complete. */
export interface S3Stored {
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  /** Null: it is an object. */
  readonly uploadId: string | null;
  /** Null: it is an object, or an upload without a part. */
  readonly partNumber: number | null;
}

/** How stores differ. Each named mode is a set of these; `rules` changes single ones. */
export interface S3Rules {
  /** In bytes, of all parts but the last; checked at completion. */
  readonly minPartSize: number;
  /** The largest part number, and so how many parts there can be. */
  readonly maxParts: number;
  /**
   * `free`; `equal`: at completion all but the last must be of one size, and that no larger;
   * `equal at once`: the first part to arrive decides, and UploadPart refuses all others.
   */
  readonly partSizes: 'free' | 'equal' | 'equal at once';
  /** UploadPart refuses a number that leaves a gap which parts on their way cannot explain. */
  readonly consecutiveNumbers: boolean;
  /** Whether a part may have no bytes. */
  readonly emptyParts: boolean;
  /** A request of a part that fails takes another one's part of that number along, before or after it. */
  readonly failedReplacementLosesPart: boolean;
  /**
   * Which parts a completion must name: `some` of those that are there; `every`, else InvalidPart;
   * `every in sequence`, without a gap from 1 on.
   */
  readonly completion: 'some' | 'every' | 'every in sequence';
  /**
   * What a completion is answered that comes again while its object is there: `same parts`: success,
   * if the object has the ETag that its parts make, whoever made it.
   */
  readonly secondCompletion: 'same answer' | 'same parts' | 'NoSuchUpload';
  /** A completion is answered with an empty ETag. */
  readonly emptyCompletionETag: boolean;
  /** A key that was deleted while an upload on it was open is not there after its completion. */
  readonly deletionHidesOlderUploads: boolean;
  /** A part that was on its way when its upload was aborted brings the upload back. */
  readonly partsOutliveAbort: boolean;
  /** The code of ListParts of an upload that is no more. */
  readonly listingOfNoUpload: 'NoSuchUpload' | 'NoSuchKey';
  /** The code of a completion of an upload that is no more. */
  readonly completionOfNoUpload: 'NoSuchUpload' | 'InternalError';
  /** Milliseconds from its beginning after which an unfinished upload is gone; null: never. */
  readonly uploadsVanishAfter: number | null;
  /** ListMultipartUploads takes its prefix for a whole key. */
  readonly uploadsListedByKey: boolean;
  /** ListMultipartUploads goes by the uploads' ids, not by keys, and does not say when they began. */
  readonly uploadsListedById: boolean;
  readonly partCopies: boolean;
  /** DeleteObjects. */
  readonly batchDeletion: boolean;
  /** `If-None-Match` and `If-Match` with PutObject and CompleteMultipartUpload; else 501. */
  readonly conditionalWrites: boolean;
}
