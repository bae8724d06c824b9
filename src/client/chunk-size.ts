/** Below this a chunk is more headers than bytes. */
const SMALLEST = 64 * 1024;

/**
 * A first chunk is at most this long. Its answer brings the upload's id: what was sent before it
 * may be lost with the connection, what is sent later is not.
 */
const FIRST = 256 * 1024;

/** How many bytes to send at once: what was asked for, less where the way there takes less. */
export class ChunkSize {
  private limit: number;

  /** @param wanted bytes */
  constructor(wanted: number) {
    if (!(Number.isSafeInteger(wanted) && wanted > 0)) {
      throw new RangeError(
        `chunkSize must be a positive number of bytes, such as 8 * 1024 * 1024, not ${wanted}`,
      );
    }
    this.limit = wanted;
  }

  /** Bytes of the chunk that starts at `offset`. */
  at(offset: number): number {
    return offset === 0 ? Math.min(FIRST, this.limit) : this.limit;
  }

  /** Halves it, because a chunk of `refused` bytes was too large; false when it cannot get smaller. */
  shrink(refused: number): boolean {
    const smaller = Math.ceil(Math.min(refused, this.limit) / 2);
    if (smaller < SMALLEST) return false;
    this.limit = smaller;
    return true;
  }
}
