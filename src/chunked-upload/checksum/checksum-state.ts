import { createHash } from 'node:crypto';
import type { ChecksumAlgorithm } from './algorithms.js';

/** Where a hash has come: the state of the hasher after the first `position` bytes. */
export interface ChecksumState {
  readonly position: number;
  /** Null at the beginning. */
  readonly inner: Uint8Array | null;
}

export const BEGINNING: ChecksumState = { position: 0, inner: null };

const VERSION = 2;
const SEAL_BYTES = 8;
const POSITION_BYTES = 8;

/**
 * A state as it is stored: version, algorithm, position, the hasher's own state, and a seal over
 * them. A flipped bit would load silently and show only as a wrong sum hours later.
 */
export function encodeState(algorithm: ChecksumAlgorithm, state: ChecksumState): Buffer {
  const name = Buffer.from(algorithm, 'latin1');
  const position = Buffer.alloc(POSITION_BYTES);
  position.writeBigUInt64BE(BigInt(state.position));
  const inner = state.inner ?? Buffer.alloc(0);
  const sealed = Buffer.concat([Buffer.of(VERSION, name.length), name, position, inner]);
  return Buffer.concat([sealed, sealOf(sealed)]);
}

/**
 * The state that `stored` holds for `algorithm`. States of the first edition name neither: theirs
 * is of the row's `offset`. Null where it is broken, or another algorithm's.
 */
export function decodeState(
  stored: Uint8Array,
  algorithm: ChecksumAlgorithm,
  offset: number,
): ChecksumState | null {
  const buffer = Buffer.from(stored.buffer, stored.byteOffset, stored.length);
  return decodeSecond(buffer, algorithm) ?? decodeFirst(buffer, algorithm, offset);
}

function decodeSecond(stored: Buffer, algorithm: ChecksumAlgorithm): ChecksumState | null {
  const sealed = stored.subarray(0, -SEAL_BYTES);
  const seal = stored.subarray(sealed.length);
  if (sealed[0] !== VERSION || !sealOf(sealed).equals(seal)) return null;
  const nameEnd = 2 + (sealed[1] ?? 0);
  if (sealed.toString('latin1', 2, nameEnd) !== algorithm) return null;
  const position = Number(sealed.readBigUInt64BE(nameEnd));
  const inner = sealed.subarray(nameEnd + POSITION_BYTES);
  return { position, inner: inner.length > 0 ? inner : null };
}

function decodeFirst(
  stored: Buffer,
  algorithm: ChecksumAlgorithm,
  offset: number,
): ChecksumState | null {
  const inner = stored.subarray(SEAL_BYTES);
  const seal = sealOf(Buffer.from(`${algorithm} ${offset} `), inner);
  if (!seal.equals(stored.subarray(0, SEAL_BYTES))) return null;
  return { position: offset, inner };
}

function sealOf(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest().subarray(0, SEAL_BYTES);
}
