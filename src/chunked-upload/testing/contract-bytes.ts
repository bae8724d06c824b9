import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { ChunkedUploadError } from '../chunked-upload.errors.js';

export const MIB = 1024 * 1024;

/** Bytes of which no two pieces of any usual length are equal, for less than random ones cost. */
export function sample(length: number): Buffer {
  return Buffer.alloc(length, randomBytes(Math.min(length, MIB + 17)));
}

/** Bytes of the same length of which each is another. */
export function others(bytes: Buffer): Buffer {
  const flipped = Buffer.allocUnsafe(bytes.length);
  // Of many MiB: a callback for each would take longer than what is tested with them.
  for (let at = 0; at < bytes.length; at += 1) flipped[at] = (bytes[at] ?? 0) ^ 0xff;
  return flipped;
}

export async function isMissing(promise: Promise<unknown>): Promise<void> {
  await assert.rejects(
    promise,
    (error) => error instanceof ChunkedUploadError && error.code === 'bytes_missing',
  );
}
