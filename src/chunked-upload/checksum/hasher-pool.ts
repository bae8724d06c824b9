import type { IHasher } from 'hash-wasm';
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from './algorithms.js';

const KEPT = 16;

/** Hashers waiting for work: making one costs as much time as hashing 80 KiB. */
export class HasherPool {
  static readonly #pools = new Map<ChecksumAlgorithm, HasherPool>();

  static of(algorithm: ChecksumAlgorithm): HasherPool {
    const pool = HasherPool.#pools.get(algorithm) ?? new HasherPool(algorithm);
    HasherPool.#pools.set(algorithm, pool);
    return pool;
  }

  readonly #idle: IHasher[] = [];

  private constructor(readonly algorithm: ChecksumAlgorithm) {}

  /** A hasher at `state`, or at the beginning. */
  async take(state: Uint8Array | null): Promise<IHasher> {
    const hasher = this.#idle.pop() ?? (await CHECKSUM_ALGORITHMS[this.algorithm]());
    return state === null ? hasher.init() : hasher.load(state);
  }

  give(hasher: IHasher): void {
    if (this.#idle.length < KEPT) this.#idle.push(hasher);
  }
}
