import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { S3Error } from './s3-error.js';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const LONGEST_EXPIRY_S = 7 * 24 * 3600;

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface SignedRequest {
  readonly method: string;
  /** As it came, still encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

interface Claim {
  readonly scope: readonly string[];
  readonly date: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly payload: string;
}

/**
 * Signature version 4, in a header or in the query of a presigned URL ("Authenticating Requests").
 * Returns what is signed of the body: the hexadecimal SHA-256 that it must have, or `UNSIGNED-PAYLOAD`.
 * @throws S3Error 403
 */
export function verifySignature(request: SignedRequest, known: Credentials, now: Date): string {
  const isPresigned = request.query.has('X-Amz-Signature');
  const claim = isPresigned ? presigned(request, now) : fromHeader(request);
  const [accessKeyId = '', ...scope] = claim.scope;
  if (accessKeyId !== known.accessKeyId) {
    throw new S3Error(403, 'InvalidAccessKeyId', `There is no access key ${accessKeyId}`);
  }
  const digest = createHash('sha256').update(canonical(request, claim)).digest('hex');
  const toSign = [ALGORITHM, claim.date, scope.join('/'), digest].join('\n');
  const start: string | Buffer = `AWS4${known.secretAccessKey}`;
  const key = scope.reduce<string | Buffer>((secret, each) => hmac(secret, each), start);
  const expected = Buffer.from(hmac(key, toSign).toString('hex'));
  const actual = Buffer.from(claim.signature);
  if (expected.length === actual.length && timingSafeEqual(expected, actual)) return claim.payload;
  throw new S3Error(403, 'SignatureDoesNotMatch', 'The signature is not that of this request');
}

function fromHeader({ headers }: SignedRequest): Claim {
  const { authorization = '' } = headers;
  const [, credential, signedHeaders, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)$/.exec(
      authorization,
    ) ?? [];
  const date = headers['x-amz-date'];
  const payload = headers['x-amz-content-sha256'];
  if (!credential || !signedHeaders || !signature) throw denied('The request is not signed');
  if (typeof date !== 'string') throw denied('X-Amz-Date is missing');
  if (typeof payload !== 'string') throw denied('X-Amz-Content-Sha256 is missing');
  return { scope: credential.split('/'), date, signedHeaders, signature, payload };
}

function presigned({ query }: SignedRequest, now: Date): Claim {
  const date = query.get('X-Amz-Date') ?? '';
  const seconds = Number(query.get('X-Amz-Expires') ?? Number.NaN);
  const begun = Date.parse(date.replace(/^(.{4})(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'));
  if (!(seconds > 0 && seconds <= LONGEST_EXPIRY_S) || Number.isNaN(begun)) {
    throw new S3Error(400, 'AuthorizationQueryParametersError', 'A wrong X-Amz-Date or -Expires');
  }
  if (begun + seconds * 1000 < now.getTime()) throw denied('Request has expired');
  return {
    scope: (query.get('X-Amz-Credential') ?? '').split('/'),
    date,
    signedHeaders: query.get('X-Amz-SignedHeaders') ?? '',
    signature: query.get('X-Amz-Signature') ?? '',
    payload: query.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD',
  };
}

function canonical({ method, path, query, headers }: SignedRequest, claim: Claim): string {
  const pairs = [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .toSorted(([a, c], [b, d]) => order(a, b) || order(c, d))
    .map((pair) => pair.join('='));
  const signed = claim.signedHeaders.split(';').map((name) => {
    const value = headers[name];
    return `${name}:${(Array.isArray(value) ? value.join(',') : (value ?? '')).trim()}\n`;
  });
  const names = path.split('/').map((name) => encode(decodeURIComponent(name)));
  return [
    method,
    names.join('/'),
    pairs.join('&'),
    signed.join(''),
    claim.signedHeaders,
    claim.payload,
  ].join('\n');
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.codePointAt(0)?.toString(16).toUpperCase()}`,
  );
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function denied(message: string): S3Error {
  return new S3Error(403, 'AccessDenied', message);
}
