import type { IHasher } from 'hash-wasm';
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from './algorithms.js';

const hashers = new Map<ChecksumAlgorithm, Promise<IHasher>>();

/**
 * The one hasher that this thread has for an algorithm. Each reserves 10 GiB of addresses, so there
 * cannot be one for each upload: whoever uses it loads a state, and saves it before anything else
 * can run.
 */
export function hasherOf(algorithm: ChecksumAlgorithm): Promise<IHasher> {
  const known = hashers.get(algorithm);
  if (known) return known;
  const made = CHECKSUM_ALGORITHMS[algorithm]();
  hashers.set(algorithm, made);
  made.catch(() => hashers.delete(algorithm));
  return made;
}

/** Hashes on from `state`, null being the beginning, and returns the state after these bytes. */
export function hashOn(
  hasher: IHasher,
  state: Uint8Array | null,
  pieces: Iterable<Uint8Array>,
): Uint8Array {
  goTo(hasher, state);
  for (const bytes of pieces) hasher.update(bytes);
  return hasher.save();
}

/** The sum at `state` in lower-case hex. */
export function digestAt(hasher: IHasher, state: Uint8Array | null): string {
  goTo(hasher, state);
  return hasher.digest('hex');
}

/** Whether this build of the hasher can go on from `state`. */
export function understands(hasher: IHasher, state: Uint8Array): boolean {
  try {
    hasher.load(state);
    return true;
  } catch {
    return false;
  }
}

function goTo(hasher: IHasher, state: Uint8Array | null): void {
  if (state) hasher.load(state);
  else hasher.init();
}
