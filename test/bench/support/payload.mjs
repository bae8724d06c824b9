import { createCipheriv, createHash } from 'node:crypto';
import { Readable } from 'node:stream';

const POOL_SIZE = 32 * 1024 * 1024;

/** A prime, so that no two chunks of a run start at the same place of the pool. */
const STEP = 65_537;

/**
 * The same random bytes in every process. Chunks are views of this one buffer: the client copies
 * nothing and needs no more memory for 1 GiB than for 1 MiB.
 */
const pool = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(
  Buffer.alloc(POOL_SIZE),
);

/** More than this of one request goes piece by piece. */
const PIECE = 8 * 1024 * 1024;

function* pieces(length, n) {
  for (let at = 0; at < length; at += PIECE, n++) {
    const size = Math.min(PIECE, length - at);
    const from = (n * STEP) % (POOL_SIZE - size);
    yield pool.subarray(from, from + size);
  }
}

/** A buffer, or a stream that has a `length` as well. */
function bodyOf(length, n) {
  if (length > PIECE) return Object.assign(Readable.from(pieces(length, n)), { length });
  const [piece] = pieces(length, n);
  return piece;
}

class Payload {
  constructor(name, size, chunkSize, seed) {
    this.name = name;
    this.size = size;
    this.chunkSize = chunkSize;
    this.seed = seed;
  }

  *chunks() {
    for (let start = 0, n = this.seed; start < this.size; start += this.chunkSize, n++) {
      const length = Math.min(this.chunkSize, this.size - start);
      yield { start, end: start + length, bytes: bodyOf(length, n) };
    }
  }

  md5() {
    const hash = createHash('md5');
    for (const { start, end } of this.chunks()) {
      for (const piece of pieces(end - start, this.seed + start / this.chunkSize)) {
        hash.update(piece);
      }
    }
    return hash.digest('hex');
  }
}

/** The files of a scenario's `files` or `warmUp`, all of them different. */
export function payloads({ count, size }, chunkSize) {
  const chunks = Math.ceil(size / chunkSize);
  return Array.from(
    { length: count },
    (_, n) => new Payload(`file-${size}-${n}.bin`, size, chunkSize, n * chunks),
  );
}
