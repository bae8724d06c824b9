const SMALLEST = 256;
const NOTHING = Buffer.alloc(0);

/** Bytes that come in pieces and are wanted as a whole: copied together, whatever the pieces are. */
export class GrowingPage {
  #page = NOTHING;
  #length = 0;

  /** Bytes that have been written. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of memory that it takes: at most twice as many as it has had to hold, or the smallest. */
  get size(): number {
    return this.#page.length;
  }

  /** What has been written, until the next `write` or `clear`. */
  get bytes(): Buffer {
    return this.#page.subarray(0, this.#length);
  }

  write(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#page.length) this.#grow(length);
    this.#page.set(piece, this.#length);
    this.#length = length;
  }

  /** For other bytes. Only a small page is kept for them. */
  clear(): void {
    this.#length = 0;
    if (this.#page.length > SMALLEST) this.#page = NOTHING;
  }

  #grow(length: number): void {
    // Of its own, not a part of Node's pool, whose other parts it would keep alive.
    const page = Buffer.allocUnsafeSlow(Math.max(SMALLEST, this.#page.length * 2, length));
    page.set(this.bytes);
    this.#page = page;
  }
}
