import type { Bytes } from '../bytes.js';
import type { S3Answer, S3Call } from '../s3-double.types.js';
import { S3Error } from '../s3-error.js';
import type { MultipartUpload, Store, StoredPart } from '../store.js';
import { empty, quoted, time, xml } from './answers.js';
import { copySource } from './copy-source.js';
import { encryptionOf, etagOf, keptHeaders } from './object-headers.js';

const LARGEST_PART = 5 * 1024 ** 3;
/** So many parts may be under way beside each other: a later one may arrive first. */
const PARTS_UNDER_WAY = 8;

export function createMultipartUpload(store: Store, call: S3Call): S3Answer {
  const { bucket, key } = call;
  const headers = keptHeaders(call.headers);
  const { id } = store.begin(bucket, key, headers);
  const answer = xml('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: id });
  return { ...answer, headers: { ...answer.headers, ...encryptionOf(headers) } };
}

/**
 * What happens as soon as a part begins to arrive. Returns its upload, for the time when it has.
 * @throws S3Error
 */
export function beginPart(store: Store, call: PartRequest): MultipartUpload {
  const { partNumber } = call;
  const upload = store.upload(call);
  const { maxParts, failedReplacementLosesPart } = store.rules;
  if (partNumber === null || partNumber < 1 || partNumber > maxParts) {
    throw S3Error.invalidArgument(`Part number must be an integer between 1 and ${maxParts}`);
  }
  if (failedReplacementLosesPart) upload.parts.delete(partNumber);
  return upload;
}

/** A part has not come whole, though another of its number may have since it began. */
export function failPart(store: Store, call: PartRequest, { parts }: MultipartUpload): void {
  if (store.rules.failedReplacementLosesPart) parts.delete(call.partNumber ?? 0);
}

export type PartRequest = Pick<S3Call, 'bucket' | 'key' | 'uploadId' | 'partNumber'>;

export function uploadPart(store: Store, call: S3Call, begun: MultipartUpload): S3Answer {
  const { etag } = putPart(store, call, begun, call.body);
  return empty(200, { etag: quoted(etag), ...encryptionOf(begun.headers) });
}

export function uploadPartCopy(store: Store, call: S3Call): S3Answer {
  if (!store.rules.partCopies) throw S3Error.notImplemented('UploadPartCopy');
  const { bytes } = copySource(store, call.headers);
  const range = call.headers['x-amz-copy-source-range'];
  const copied = typeof range === 'string' ? rangeOf(bytes, range) : bytes;
  const { etag, modifiedAt } = putPart(store, call, beginPart(store, call), copied);
  return xml('CopyPartResult', { LastModified: time(modifiedAt), ETag: quoted(etag) });
}

export function abortMultipartUpload(store: Store, call: S3Call): S3Answer {
  const { id } = store.upload(call);
  store.uploads.delete(id);
  return empty(204);
}

function putPart(store: Store, call: S3Call, upload: MultipartUpload, bytes: Bytes): StoredPart {
  const { rules, uploads } = store;
  if (uploads.get(upload.id) !== upload) {
    // Aborted, completed or vanished while the part was on its way.
    const isCompleted = store.completions.has(upload.id);
    if (isCompleted || !rules.partsOutliveAbort) store.upload(call);
    upload.parts.clear();
    uploads.set(upload.id, upload);
  }
  const number = call.partNumber ?? 0;
  if (bytes.length > LARGEST_PART) {
    throw new S3Error(400, 'EntityTooLarge', 'A part has at most 5 GiB');
  }
  if (bytes.length === 0 && !rules.emptyParts) {
    throw new S3Error(400, 'InvalidRequest', 'A part must have bytes');
  }
  if (rules.partSizes === 'equal at once') checkSize(upload, number, bytes.length);
  if (rules.consecutiveNumbers) checkNumber(upload, number);
  return store.putPart(upload, { number, bytes, etag: etagOf(bytes, upload.headers) });
}

/** @throws S3Error `InvalidPart` */
function checkSize({ parts }: MultipartUpload, number: number, size: number): void {
  const others = [...parts.values()].filter((part) => part.number !== number);
  const [first] = others;
  if (!first) return;
  const whole = Math.max(...others.map(({ bytes }) => bytes.length));
  const highest = Math.max(...others.map((part) => part.number));
  const isWhole = size === whole && others.every((part) => part.bytes.length === whole);
  const isLast = size < whole && number > highest;
  const isBelowLast = size === whole && number < highest;
  if (isWhole || isLast || isBelowLast) return;
  throw S3Error.invalidPart(
    'Inconsistent part size: parts have the same size, except a smaller one for the last',
  );
}

/** @throws S3Error `InvalidPart` */
function checkNumber({ parts }: MultipartUpload, number: number): void {
  let missing = 1;
  while (parts.has(missing)) missing += 1;
  if (number < missing + PARTS_UNDER_WAY) return;
  throw S3Error.invalidPart('Part numbers are consecutive and sequential, starting by 1');
}

function rangeOf(bytes: Bytes, header: string): Bytes {
  const [, first = '', last = ''] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? [];
  const [start, end] = [Number(first), Number(last)];
  if (first !== '' && start <= end && end < bytes.length) return bytes.slice(start, end + 1);
  throw S3Error.invalidArgument('x-amz-copy-source-range must lie within the source');
}
