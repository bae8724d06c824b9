import type { IncomingHttpHeaders } from 'node:http';
import { S3Error } from '../s3-error.js';
import type { Store, StoredObject } from '../store.js';
import { checkRead } from './conditions.js';

/** The object that `x-amz-copy-source` names. */
export function copySource(store: Store, headers: IncomingHttpHeaders): StoredObject {
  const header = String(headers['x-amz-copy-source']);
  const [, bucket, key] = /^\/?([^/]+)\/(.+)$/.exec(decodeURIComponent(header)) ?? [];
  if (!bucket || !key) throw S3Error.invalidArgument('x-amz-copy-source names no object');
  const object = store.object(bucket, key);
  checkRead(object, headers, 'x-amz-copy-source-');
  return object;
}
