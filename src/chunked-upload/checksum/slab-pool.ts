export const SLAB_BYTES = 256 * 1024;
export const SLABS = 32;

/** What all checksums of the process together hold of bytes on their way into hashing threads. */
export const HASHING_MEMORY = SLABS * SLAB_BYTES;

/** Shared memory with bytes to be hashed: the first `length` of it. */
export interface Slab {
  readonly bytes: SharedArrayBuffer;
  length: number;
}

/**
 * The shared memory in which bytes are handed to the hashing threads. Who finds none free waits,
 * which slows the sender down; first come, first served, one at a time, so that an upload that
 * takes many stands behind those that wait for their first.
 */
export class SlabPool {
  readonly #free: SharedArrayBuffer[] = [];
  readonly #waiting: ((slab: Slab) => void)[] = [];
  #made = 0;

  constructor(private readonly most = SLABS) {}

  /** An empty slab, if there is one now. */
  take(): Slab | null {
    const free = this.#free.pop();
    if (free) return { bytes: free, length: 0 };
    if (this.#made === this.most) return null;
    this.#made += 1;
    return { bytes: new SharedArrayBuffer(SLAB_BYTES), length: 0 };
  }

  /** The next that comes back, after those who asked before. */
  wait(): Promise<Slab> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(slabs: readonly Slab[]): void {
    for (const { bytes } of slabs) {
      const next = this.#waiting.shift();
      if (next) next({ bytes, length: 0 });
      else this.#free.push(bytes);
    }
  }
}

/** The bytes that lie in a slab. */
export function bytesIn(slab: Slab): Uint8Array {
  return new Uint8Array(slab.bytes, 0, slab.length);
}
