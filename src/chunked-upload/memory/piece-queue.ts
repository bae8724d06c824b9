import { PageWriter } from './page-writer.js';

// An object for a piece costs about 350 bytes, whatever its length.
const SMALLEST_OBJECT = 4 * 1024;

/** Whether a piece costs more by its being one than by its bytes. */
export function isSmall(piece: Uint8Array): boolean {
  return piece.length < SMALLEST_OBJECT;
}

/** Pieces that were taken out of the queue, and the bytes of memory that they keep alive. */
export interface Batch {
  readonly pieces: Uint8Array[];
  readonly cost: number;
}

/**
 * Pieces of a body in the order in which they came. What is small, or a small part of something
 * large that it would keep alive, is copied into pages: so that pieces of one byte cost about a byte
 * each, and nobody's piece costs more than twice its length.
 */
export class PieceQueue {
  #pieces: Uint8Array[] = [];
  /** What each piece keeps alive. */
  #costs: number[] = [];
  #bytes = 0;
  /** The memory of the last piece: others of the same cost nothing more. */
  #last: ArrayBufferLike | null = null;
  readonly #pages = new PageWriter();

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** `cost`: what it keeps alive where that is known. Returns how many bytes it has cost. */
  push(piece: Uint8Array, cost?: number): number {
    this.#bytes += piece.length;
    if (cost !== undefined) return this.#keep(piece, cost);
    const { buffer } = piece;
    if (buffer === this.#last) return this.#keep(piece, 0);
    if (isSmall(piece) || piece.length * 2 < buffer.byteLength) return this.#copy(piece);
    this.#endPage();
    this.#last = buffer;
    return this.#keep(piece, buffer.byteLength);
  }

  /** The first pieces, of together at most `most` bytes. */
  take(most: number): Batch {
    let count = 0;
    let bytes = 0;
    let cost = 0;
    for (;;) {
      if (count === this.#pieces.length) this.#endPage();
      const piece = this.#pieces[count];
      if (!piece || bytes + piece.length > most) break;
      bytes += piece.length;
      cost += this.#costs[count] ?? 0;
      count += 1;
    }
    this.#bytes -= bytes;
    if (count === 0) return { pieces: this.#cut(most), cost };
    if (count === this.#pieces.length) this.#last = null;
    this.#costs.splice(0, count);
    return { pieces: this.#pieces.splice(0, count), cost };
  }

  /** Drops everything. Returns how many bytes of memory that gives back. */
  clear(): number {
    return this.take(Number.POSITIVE_INFINITY).cost;
  }

  /** The beginning of a piece that is larger; what it costs is given back with its end. */
  #cut(most: number): Uint8Array[] {
    const [first] = this.#pieces;
    if (!first) return [];
    this.#pieces[0] = first.subarray(most);
    this.#bytes -= most;
    return [first.subarray(0, most)];
  }

  #keep(piece: Uint8Array, cost: number): number {
    this.#pieces.push(piece);
    this.#costs.push(cost);
    return cost;
  }

  #copy(piece: Uint8Array): number {
    let cost = 0;
    for (let rest = piece; rest.length > 0;) {
      if (this.#pages.room === 0) {
        this.#endPage();
        cost += this.#pages.begin();
      }
      rest = rest.subarray(this.#pages.write(rest));
    }
    this.#last = null;
    return cost;
  }

  /** Queues what has been written into the page. */
  #endPage(): void {
    const page = this.#pages.end();
    if (page) this.#keep(page, page.buffer.byteLength);
  }
}
