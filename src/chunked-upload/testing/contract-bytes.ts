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
  return Buffer.from(bytes.map((byte) => byte ^ 0xff));
}

export async function isMissing(promise: Promise<unknown>): Promise<void> {
  await assert.rejects(
    promise,
    (error) => error instanceof ChunkedUploadError && error.code === 'bytes_missing',
  );
}
