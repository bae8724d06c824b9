/** Below this a chunk is more headers than bytes. */
const SMALLEST = 64 * 1024;

/**
 * A first chunk is at most this long. Its answer brings the upload's id: what was sent before it
 * may be lost with the connection, what is sent later is not.
 */
const FIRST = 256 * 1024;

/** So many chunks in a row say that the way is good. */
const ENOUGH = 8;

/** How many bytes to send at once: what was asked for, less where the way there takes less. */
export class ChunkSize {
  private limit: number;
  /** What it may grow to again. */
  private most: number;
  /** Chunks that have arrived since it last changed. */
  private arrivals = 0;

  /** @param wanted bytes */
  constructor(wanted: number) {
    if (!(Number.isSafeInteger(wanted) && wanted > 0)) {
      throw new RangeError(
        `chunkSize must be a positive number of bytes, such as 8 * 1024 * 1024, not ${wanted}`,
      );
    }
    this.limit = wanted;
    this.most = wanted;
  }

  /** Bytes of the chunk that starts at `offset`. */
  at(offset: number): number {
    return offset === 0 ? Math.min(FIRST, this.limit) : this.limit;
  }

  /**
   * Halves it, because a chunk of `refused` bytes was too large; false when it cannot get smaller.
   *
   * @param until `for now`: nobody has said that it was too large, and it grows again
   */
  shrink(refused: number, until: 'for now' | 'for good' = 'for good'): boolean {
    const smaller = Math.ceil(Math.min(refused, this.limit) / 2);
    if (smaller < SMALLEST) return false;
    this.limit = smaller;
    if (until === 'for good') this.most = smaller;
    this.arrivals = 0;
    return true;
  }

  /** A chunk has arrived: after some of them larger ones are tried again. */
  arrived(): void {
    this.arrivals += 1;
    if (this.arrivals < ENOUGH) return;
    this.arrivals = 0;
    this.limit = Math.min(this.limit * 2, this.most);
  }
}
