import type { IncomingHttpHeaders } from 'node:http';
import type { S3Operation } from './s3-double.types.js';
import { S3Error } from './s3-error.js';

interface Route {
  readonly operation: S3Operation;
  readonly method: string;
  readonly of: 'bucket' | 'key';
  /** Names that its query must have. */
  readonly has?: readonly string[];
  /** Names that its query may have. */
  readonly takes?: readonly string[];
  readonly copies?: boolean;
}

/** Of a signed URL: headers of its answer. */
const RESPONSE = [
  ...['type', 'disposition', 'encoding', 'language'].map((header) => `response-content-${header}`),
  'response-cache-control',
  'response-expires',
];
const PART = ['partNumber', 'uploadId'];

const ROUTES: readonly Route[] = [
  { operation: 'CreateBucket', method: 'PUT', of: 'bucket' },
  { operation: 'HeadBucket', method: 'HEAD', of: 'bucket' },
  { operation: 'DeleteObjects', method: 'POST', of: 'bucket', has: ['delete'] },
  {
    operation: 'ListMultipartUploads',
    method: 'GET',
    of: 'bucket',
    has: ['uploads'],
    takes: ['prefix', 'key-marker', 'upload-id-marker', 'max-uploads', 'encoding-type'],
  },
  {
    operation: 'ListObjectsV2',
    method: 'GET',
    of: 'bucket',
    has: ['list-type'],
    takes: ['prefix', 'continuation-token', 'start-after', 'max-keys', 'encoding-type'],
  },
  { operation: 'UploadPartCopy', method: 'PUT', of: 'key', has: PART, copies: true },
  { operation: 'UploadPart', method: 'PUT', of: 'key', has: PART },
  { operation: 'CopyObject', method: 'PUT', of: 'key', copies: true },
  { operation: 'PutObject', method: 'PUT', of: 'key' },
  {
    operation: 'ListParts',
    method: 'GET',
    of: 'key',
    has: ['uploadId'],
    takes: ['part-number-marker', 'max-parts'],
  },
  { operation: 'GetObject', method: 'GET', of: 'key', takes: RESPONSE },
  { operation: 'HeadObject', method: 'HEAD', of: 'key', takes: RESPONSE },
  { operation: 'AbortMultipartUpload', method: 'DELETE', of: 'key', has: ['uploadId'] },
  { operation: 'DeleteObject', method: 'DELETE', of: 'key' },
  { operation: 'CreateMultipartUpload', method: 'POST', of: 'key', has: ['uploads'] },
  { operation: 'CompleteMultipartUpload', method: 'POST', of: 'key', has: ['uploadId'] },
];

/** Of presigned URLs, and what the AWS SDK adds. */
const ALWAYS_TAKEN = /^(x-id$|X-Amz-)/;
const TAKEN_HEADERS = new RegExp(
  '^x-amz-(date|content-sha256|security-token|user-agent|meta-.+|copy-source.*|metadata-directive|' +
    'storage-class|server-side-encryption(-aws-kms-key-id|-bucket-key-enabled)?)$',
);

/**
 * Which operation a request asks for. What not every store has is refused, in the query and in the
 * headers: passed over, it would go wrong only where the store matters.
 * @throws S3Error `NotImplemented`
 */
export function operationOf(
  method: string,
  key: string,
  query: URLSearchParams,
  headers: IncomingHttpHeaders,
): S3Operation {
  const of = key === '' ? 'bucket' : 'key';
  const copies = 'x-amz-copy-source' in headers;
  const route = ROUTES.find(
    (each) =>
      each.method === method &&
      each.of === of &&
      (each.copies ?? false) === copies &&
      (each.has ?? []).every((name) => query.has(name)),
  );
  if (!route) throw S3Error.notImplemented(`${method} of a ${of} with this query`);
  const taken = [...(route.has ?? []), ...(route.takes ?? [])];
  for (const name of query.keys()) {
    if (taken.includes(name) || ALWAYS_TAKEN.test(name)) continue;
    throw S3Error.notImplemented(`The parameter ${name} of ${route.operation}`);
  }
  for (const name of Object.keys(headers)) {
    if (!name.startsWith('x-amz-') || TAKEN_HEADERS.test(name)) continue;
    throw S3Error.notImplemented(`The header ${name}`);
  }
  return route.operation;
}
