import { createHash } from 'node:crypto';

/** Bytes in the pieces in which they came: parts are joined and copied without being copied. */
export class Bytes {
  static readonly NONE = new Bytes([]);
  readonly length: number;

  constructor(readonly pieces: readonly Uint8Array[]) {
    this.length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  static of(text: string): Bytes {
    return new Bytes([Buffer.from(text)]);
  }

  static joined(all: readonly Bytes[]): Bytes {
    return new Bytes(all.flatMap(({ pieces }) => pieces));
  }

  /** `end` is not included. */
  slice(start: number, end: number): Bytes {
    const found: Uint8Array[] = [];
    let at = 0;
    for (const piece of this.pieces) {
      const [from, to] = [Math.max(start - at, 0), Math.min(end - at, piece.length)];
      if (from < to) found.push(piece.subarray(from, to));
      at += piece.length;
    }
    return new Bytes(found);
  }

  digest(algorithm: 'md5' | 'sha256'): Buffer {
    const hash = createHash(algorithm);
    for (const piece of this.pieces) hash.update(piece);
    return hash.digest();
  }

  toString(): string {
    return Buffer.concat(this.pieces).toString();
  }
}
