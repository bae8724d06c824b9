import type { S3Answer, S3Call } from '../s3-double.types.js';
import { S3Error } from '../s3-error.js';
import type { MultipartUpload, Store } from '../store.js';
import { quoted, time, xml } from './answers.js';

export function listParts(store: Store, call: S3Call): S3Answer {
  const { bucket, key, query } = call;
  const { id, parts } = store.upload(call, store.rules.listingOfNoUpload);
  const marker = Number(query.get('part-number-marker') ?? 0);
  const all = [...parts.values()]
    .filter(({ number }) => number > marker)
    .toSorted((a, b) => a.number - b.number);
  const limit = limitOf(store, query, 'max-parts');
  const page = all.slice(0, limit);
  return xml('ListPartsResult', {
    Bucket: bucket,
    Key: key,
    UploadId: id,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: limit,
    IsTruncated: all.length > page.length,
    Part: page.map(({ number, bytes, etag, modifiedAt }) => ({
      PartNumber: number,
      LastModified: time(modifiedAt),
      ETag: quoted(etag),
      Size: bytes.length,
    })),
  });
}

export function listMultipartUploads(store: Store, { bucket, query }: S3Call): S3Answer {
  store.objects(bucket);
  const prefix = query.get('prefix') ?? '';
  const isListed = ({ key }: MultipartUpload) =>
    store.rules.uploadsListedByKey ? key === prefix : key.startsWith(prefix);
  const isById = store.rules.uploadsListedById;
  // A stable sort: uploads of one key stay in the order in which they began.
  const listed = store
    .openUploads(bucket)
    .filter(isListed)
    .toSorted((a, b) => (isById ? order(a.id, b.id) : order(a.key, b.key)));
  const [keyMarker, idMarker] = [query.get('key-marker'), query.get('upload-id-marker')];
  const all = isById
    ? listed.filter(({ id }) => order(id, idMarker ?? '') > 0)
    : after(listed, keyMarker, idMarker);
  const limit = limitOf(store, query, 'max-uploads');
  const page = all.slice(0, limit);
  const isTruncated = all.length > page.length;
  return xml('ListMultipartUploadsResult', {
    Bucket: bucket,
    Prefix: prefix,
    KeyMarker: keyMarker ?? '',
    UploadIdMarker: idMarker ?? '',
    NextKeyMarker: isTruncated && !isById ? encoded(query, page.at(-1)?.key ?? '') : null,
    NextUploadIdMarker: isTruncated ? (page.at(-1)?.id ?? '') : null,
    MaxUploads: limit,
    IsTruncated: isTruncated,
    ...encodingType(query),
    Upload: page.map(({ key, id, begunAt }) => ({
      Key: encoded(query, key),
      UploadId: id,
      StorageClass: 'STANDARD',
      Initiated: isById ? null : time(begunAt),
    })),
  });
}

/** Without an upload id the whole key is passed over; with one only those up to that. */
function after(
  listed: readonly MultipartUpload[],
  keyMarker: string | null,
  idMarker: string | null,
): readonly MultipartUpload[] {
  if (!keyMarker) return listed;
  const later = listed.filter(({ key }) => order(key, keyMarker) > 0);
  if (!idMarker) return later;
  const alike = listed.filter(({ key }) => key === keyMarker);
  const place = alike.findIndex(({ id }) => id === idMarker);
  return [...(place < 0 ? [] : alike.slice(place + 1)), ...later];
}

export function listObjectsV2(store: Store, { bucket, query }: S3Call): S3Answer {
  const objects = store.objects(bucket);
  const prefix = query.get('prefix') ?? '';
  const token = query.get('continuation-token');
  const start = token === null ? (query.get('start-after') ?? '') : keyOf(token);
  const all = [...objects.values()]
    .filter(({ key }) => key.startsWith(prefix) && order(key, start) > 0)
    .toSorted((a, b) => order(a.key, b.key));
  const limit = limitOf(store, query, 'max-keys');
  const page = all.slice(0, limit);
  const isTruncated = all.length > page.length;
  return xml('ListBucketResult', {
    Name: bucket,
    Prefix: encoded(query, prefix),
    MaxKeys: limit,
    KeyCount: page.length,
    IsTruncated: isTruncated,
    ContinuationToken: token,
    NextContinuationToken: isTruncated ? tokenOf(page.at(-1)?.key ?? '') : null,
    ...encodingType(query),
    Contents: page.map(({ key, bytes, etag, modifiedAt }) => ({
      Key: encoded(query, key),
      LastModified: time(modifiedAt),
      ETag: quoted(etag),
      Size: bytes.length,
      StorageClass: 'STANDARD',
    })),
  });
}

const TOKEN = 'after:';

function tokenOf(key: string): string {
  return Buffer.from(TOKEN + key).toString('base64');
}

/** @throws S3Error `InvalidArgument`: a key is no token */
function keyOf(token: string): string {
  const text = Buffer.from(token, 'base64').toString();
  if (text.startsWith(TOKEN)) return text.slice(TOKEN.length);
  throw S3Error.invalidArgument('The continuation token provided is incorrect');
}

function limitOf({ pageSize }: Store, query: URLSearchParams, name: string): number {
  const asked = Number(query.get(name) ?? pageSize);
  if (Number.isInteger(asked) && asked >= 0) return Math.min(asked, pageSize);
  throw S3Error.invalidArgument(`${name} must be an integer`);
}

function encodingType(query: URLSearchParams): Record<string, string> {
  return query.get('encoding-type') === 'url' ? { EncodingType: 'url' } : {};
}

function encoded(query: URLSearchParams, key: string): string {
  if (query.get('encoding-type') !== 'url') return key;
  return encodeURIComponent(key).replaceAll('%2F', '/');
}

/** By the bytes of UTF-8. */
function order(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
