import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Bytes } from '../bytes.js';

const KEPT = [
  'content-type',
  'content-disposition',
  'content-encoding',
  'content-language',
  'cache-control',
  'x-amz-storage-class',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
];

type Headers = Readonly<Record<string, string>>;

/** What of a request is answered again with the object that it makes. */
export function keptHeaders(headers: IncomingHttpHeaders): Headers {
  const kept = Object.entries(headers).filter(
    ([name]) => KEPT.includes(name) || name.startsWith('x-amz-meta-'),
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}

/** What the answer to a write tells of encryption. */
export function encryptionOf(headers: Headers): Headers {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.startsWith('x-amz-server-side-encryption')),
  );
}

/** The MD5, but not of what is encrypted with a key of KMS ("Object", ETag). */
export function etagOf(bytes: Bytes, headers: Headers): string {
  const isOpaque = headers['x-amz-server-side-encryption'] === 'aws:kms';
  return (isOpaque ? randomBytes(16) : bytes.digest('md5')).toString('hex');
}
