import { createHash } from 'node:crypto';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import { HasherPool } from './hasher-pool.js';
import type { ChecksumAlgorithm } from './algorithms.js';
import { RunningChecksum } from './running-checksum.js';

const SEAL_BYTES = 8;

/**
 * The checksum of a file that grows over many requests and processes. Its state is small, is saved
 * with the offset and continues anywhere; that is why completing an upload reads nothing back.
 */
export class Checksum {
  readonly #pool: HasherPool;

  constructor(readonly algorithm: ChecksumAlgorithm) {
    this.#pool = HasherPool.of(algorithm);
  }

  /** Continues at `offset` from what `save` returned there; begins where that is null. */
  async resume(state: Uint8Array | null, offset: number): Promise<RunningChecksum> {
    const inner = state === null ? null : this.#unseal(state, offset);
    return new RunningChecksum(this.#pool, await this.#pool.take(inner));
  }

  /** The state at `offset`, to be kept with it. */
  async save(running: RunningChecksum, offset: number): Promise<Buffer> {
    const inner = await running.save();
    return Buffer.concat([this.#seal(inner, offset), inner]);
  }

  /** The sum in lower-case hex of all bytes up to `offset`. */
  async digest(state: Uint8Array | null, offset: number): Promise<string> {
    const hasher = await this.#pool.take(state === null ? null : this.#unseal(state, offset));
    const sum = hasher.digest('hex');
    this.#pool.give(hasher);
    return sum;
  }

  // A flipped bit in a state loads silently and would show only as a wrong sum hours later.
  #seal(inner: Uint8Array, offset: number): Buffer {
    const hash = createHash('sha256').update(`${this.algorithm} ${offset} `).update(inner);
    return hash.digest().subarray(0, SEAL_BYTES);
  }

  #unseal(state: Uint8Array, offset: number): Uint8Array {
    const inner = state.subarray(SEAL_BYTES);
    if (!this.#seal(inner, offset).equals(state.subarray(0, SEAL_BYTES))) {
      throw ChunkedUploadError.checksumStateLost();
    }
    return inner;
  }
}

/** Sums are compared without regard to case and surrounding blanks. */
export function sameChecksum(left: string, right: string): boolean {
  return left.trim().toLowerCase() === right.trim().toLowerCase();
}
