import type { IncomingMessage } from 'node:http';
import { Bytes } from './bytes.js';
import { S3Error } from './s3-error.js';

const LARGEST_REQUEST = 5 * 1024 ** 3;

/**
 * Before a byte of it is read.
 * @throws S3Error where an engine would refuse it, or store what was not meant
 */
export function checkFraming({ method, headers }: IncomingMessage, payload: string): void {
  const encoding = headers['content-encoding'] ?? '';
  if (payload.startsWith('STREAMING-') || encoding.includes('aws-chunked')) {
    throw S3Error.notImplemented(
      'aws-chunked framing: older engines store the frames as data. Send Content-Length and a ' +
        'body as it is (requestChecksumCalculation: WHEN_REQUIRED)',
    );
  }
  if (headers.expect !== undefined) {
    throw S3Error.notImplemented(
      `Expect: ${headers.expect}: some engines never answer it, and the SDK makes a new connection ` +
        'for each such request (expectContinueHeader: false)',
    );
  }
  if (method !== 'PUT') return;
  if (headers['content-length'] === undefined) {
    throw new S3Error(411, 'MissingContentLength', 'You must provide the Content-Length header');
  }
  if (Number(headers['content-length']) > LARGEST_REQUEST) {
    throw new S3Error(400, 'EntityTooLarge', 'A request has at most 5 GiB');
  }
}

/** Null: its sender has gone before the end. */
export async function receiveBody(
  request: IncomingMessage,
  progress: (bytes: number) => void,
): Promise<Bytes | null> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of request as AsyncIterable<Uint8Array>) {
      pieces.push(piece);
      progress(piece.length);
    }
  } catch {
    return null;
  }
  return request.complete ? new Bytes(pieces) : null;
}

/** @throws S3Error `BadDigest`, `XAmzContentSHA256Mismatch` */
export function checkDigests({ headers }: IncomingMessage, payload: string, body: Bytes): void {
  const md5 = headers['content-md5'];
  if (md5 !== undefined && md5 !== body.digest('md5').toString('base64')) {
    throw new S3Error(400, 'BadDigest', 'The Content-MD5 you specified did not match the body');
  }
  if (payload === 'UNSIGNED-PAYLOAD' || payload === body.digest('sha256').toString('hex')) return;
  throw new S3Error(400, 'XAmzContentSHA256Mismatch', 'x-amz-content-sha256 is not of this body');
}
