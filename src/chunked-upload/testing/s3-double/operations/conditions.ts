import type { IncomingHttpHeaders } from 'node:http';
import type { Store, StoredObject } from '../store.js';
import { S3Error } from '../s3-error.js';
import { unquoted } from './answers.js';

/** Of a read. @throws S3Error `PreconditionFailed` */
export function checkRead(object: StoredObject, headers: IncomingHttpHeaders, prefix = ''): void {
  const match = text(headers[`${prefix}if-match`]);
  if (match !== null && !names(match, object)) throw S3Error.preconditionFailed('If-Match');
  const noneMatch = text(headers[`${prefix}if-none-match`]);
  if (noneMatch !== null && names(noneMatch, object)) {
    throw S3Error.preconditionFailed('If-None-Match');
  }
}

/** Of a write. @throws S3Error `PreconditionFailed`, or `NotImplemented` where there are none */
export function checkWrite(
  store: Store,
  { bucket, key, headers }: { bucket: string; key: string; headers: IncomingHttpHeaders },
): void {
  const match = text(headers['if-match']);
  const noneMatch = text(headers['if-none-match']);
  if (match === null && noneMatch === null) return;
  if (!store.rules.conditionalWrites) throw S3Error.notImplemented('A conditional write');
  const object = store.objects(bucket).get(key);
  if (match !== null && !object) throw S3Error.noSuchKey(key);
  if (object) checkRead(object, headers);
}

function text(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : null;
}

function names(condition: string, { etag }: StoredObject): boolean {
  return condition === '*' || unquoted(condition) === etag;
}
