import type { S3Answer, S3Call } from '../s3-double.types.js';
import { S3Error } from '../s3-error.js';
import type { Store, StoredObject } from '../store.js';
import { type XmlElements, readRecords } from '../xml.js';
import { empty, quoted, time, xml } from './answers.js';
import { checkRead, checkWrite } from './conditions.js';
import { copySource } from './copy-source.js';
import { encryptionOf, etagOf, keptHeaders } from './object-headers.js';

const LARGEST_BATCH = 1000;
const LARGEST_COPY = 5 * 1024 ** 3;

export function putObject(store: Store, call: S3Call): S3Answer {
  checkWrite(store, call);
  const { bucket, key, body: bytes } = call;
  const headers = keptHeaders(call.headers);
  const etag = etagOf(bytes, headers);
  store.put(bucket, { key, bytes, etag, headers, uploadId: null });
  return empty(200, { etag: quoted(etag), ...encryptionOf(headers) });
}

export function getObject(store: Store, { bucket, key, headers, query }: S3Call): S3Answer {
  const object = store.object(bucket, key);
  checkRead(object, headers);
  const described = { ...describe(object), ...overrides(query) };
  const range = rangeOf(headers.range, object.bytes.length);
  if (!range) return { status: 200, headers: described, body: object.bytes };
  const [start, end] = range;
  const contentRange = `bytes ${start}-${end}/${object.bytes.length}`;
  return {
    status: 206,
    headers: { ...described, 'content-range': contentRange },
    body: object.bytes.slice(start, end + 1),
  };
}

export function headObject(store: Store, call: S3Call): S3Answer {
  const { bucket, key, headers, query } = call;
  const object = store.object(bucket, key);
  checkRead(object, headers);
  const described = { ...describe(object), ...overrides(query) };
  return empty(200, { ...described, 'content-length': String(object.bytes.length) });
}

export function deleteObject(store: Store, { bucket, key }: S3Call): S3Answer {
  store.delete(bucket, key);
  return empty(204);
}

export function deleteObjects(store: Store, { bucket, body }: S3Call): S3Answer {
  if (!store.rules.batchDeletion) throw S3Error.notImplemented('DeleteObjects');
  store.objects(bucket);
  const text = body.toString();
  const named = readRecords(text, 'Delete', 'Object').map((fields) => fields.get('Key') ?? '');
  if (named.length === 0 || named.length > LARGEST_BATCH || named.includes('')) {
    throw new S3Error(400, 'MalformedXML', `DeleteObjects takes 1 to ${LARGEST_BATCH} keys`);
  }
  for (const key of named) store.delete(bucket, key);
  const isQuiet = /<Quiet>true<\/Quiet>/.test(text);
  const deleted: XmlElements[] = isQuiet ? [] : named.map((Key) => ({ Key }));
  return xml('DeleteResult', { Deleted: deleted });
}

export function copyObject(store: Store, call: S3Call): S3Answer {
  const { bucket, key, headers } = call;
  checkWrite(store, call);
  const source = copySource(store, headers);
  if (source.bytes.length > LARGEST_COPY) {
    throw new S3Error(400, 'InvalidRequest', 'A copy source has at most 5 GiB');
  }
  const replaces = headers['x-amz-metadata-directive'] === 'REPLACE';
  if (source === store.objects(bucket).get(key) && !replaces) {
    throw new S3Error(400, 'InvalidRequest', 'An object is copied onto itself only with changes');
  }
  const kept = replaces ? keptHeaders(headers) : source.headers;
  const etag = etagOf(source.bytes, kept);
  const copied = { key, bytes: source.bytes, etag, headers: kept, uploadId: null };
  const { modifiedAt } = store.put(bucket, copied);
  return xml('CopyObjectResult', { LastModified: time(modifiedAt), ETag: quoted(etag) });
}

function describe({ etag, modifiedAt, headers }: StoredObject): Record<string, string> {
  return {
    'content-type': 'binary/octet-stream',
    ...headers,
    'accept-ranges': 'bytes',
    'last-modified': modifiedAt.toUTCString(),
    etag: quoted(etag),
  };
}

/** `response-content-type` and the like of a (presigned) URL. */
function overrides(query: URLSearchParams): Record<string, string> {
  const prefix = 'response-';
  const given = [...query].filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(given.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** First and last byte; null: all of it, as with a header that is no single range of bytes. */
function rangeOf(header: string | undefined, size: number): [number, number] | null {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || first + last === '') return null;
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (start <= end) return [start, end];
  throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable');
}
