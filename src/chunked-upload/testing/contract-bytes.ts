import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { hasCode } from '../chunked-upload.errors.js';

export const MIB = 1024 * 1024;

/** Bytes of which no two pieces of any usual length are equal, for less than random ones cost. */
export function sample(length: number): Buffer {
  return Buffer.alloc(length, randomBytes(Math.min(length, MIB + 17)));
}

/** Bytes of the same length of which each is another. */
export function others(bytes: Buffer): Buffer {
  const flipped = Buffer.from(bytes);
  // Of many MiB: one by one would take longer than what is tested with them.
  const words = new Uint32Array(flipped.buffer, flipped.byteOffset, flipped.length >>> 2);
  for (let at = 0; at < words.length; at += 1) words[at] = ~(words[at] ?? 0);
  for (let at = words.byteLength; at < flipped.length; at += 1) flipped[at] = ~(flipped[at] ?? 0);
  return flipped;
}

export async function isMissing(promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => hasCode(error, 'bytes_missing'));
}
