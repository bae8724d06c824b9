import { createHash, randomBytes } from 'node:crypto';

/** A file too large to be held: the same bytes again and again, each time with their place. */
export class LargeFile {
  /** In bytes. */
  static readonly PIECE = 4 * 1024 * 1024;
  readonly #bytes = randomBytes(LargeFile.PIECE);

  constructor(readonly size: number) {}

  /** From `start` on, to the end of a piece, which `start` need not begin. */
  at(start: number): Buffer {
    const within = start % LargeFile.PIECE;
    return this.#piece(start - within).subarray(within);
  }

  /** All from `start` on, to `end`, which is that of a piece. */
  *from(start: number, end = this.size): Iterable<Buffer> {
    for (let at = start; at < end;) {
      const bytes = this.at(at);
      at += bytes.length;
      yield bytes;
    }
  }

  get md5(): string {
    const hash = createHash('md5');
    for (const bytes of this.from(0)) hash.update(bytes);
    return hash.digest('hex');
  }

  #piece(start: number): Buffer {
    const bytes = Buffer.from(this.#bytes);
    bytes.writeDoubleBE(start, 0);
    return bytes.subarray(0, Math.min(LargeFile.PIECE, this.size - start));
  }
}
