const KIB = 1024;
const SIZES = [4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB];
const LARGEST = SIZES.length - 1;
const NOTHING = new Uint8Array(0);

/**
 * Gathers small pieces in pages. These begin small and grow with what comes between two ends: a
 * sender of a few bytes a second holds 4 KiB, a fast one in tiny pieces fills pages of 256 KiB.
 */
export class PageWriter {
  #page: Uint8Array = NOTHING;
  #filled = 0;
  #size = 0;

  /** Bytes that still go into the page. */
  get room(): number {
    return this.#page.length - this.#filled;
  }

  /** A new page; returns its size in bytes. The one before must have been ended. */
  begin(): number {
    const size = SIZES[this.#size] ?? 0;
    // Of its own, not a part of Node's pool, whose other parts it would keep alive.
    this.#page = Buffer.allocUnsafeSlow(size);
    return size;
  }

  /** Copies as much of `piece` as there is room for; returns how many bytes that was. */
  write(piece: Uint8Array): number {
    const part = piece.length > this.room ? piece.subarray(0, this.room) : piece;
    this.#page.set(part, this.#filled);
    this.#filled += part.length;
    return part.length;
  }

  /** What has been written since `begin`; null: nothing. */
  end(): Uint8Array | null {
    if (this.#filled === 0) return null;
    const written = this.#page.subarray(0, this.#filled);
    if (this.room === 0) this.#size = Math.min(LARGEST, this.#size + 1);
    else if (this.#filled * 8 < this.#page.length) this.#size = Math.max(0, this.#size - 1);
    this.#page = NOTHING;
    this.#filled = 0;
    return written;
  }
}
