import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

/** Bytes to be sent, from their beginning as often as it takes. */
export interface Payload {
  readonly length: number;
  /** Of all bytes, in hex; null where it is known only once they have been read. */
  readonly md5: string | null;
  chunks(): AsyncIterable<Uint8Array>;
}

/** Bytes that are in memory. */
export class BytesPayload implements Payload {
  readonly length: number;
  #md5: string | null;

  /** `md5`: in hex, where it is known. */
  constructor(
    private readonly bytes: readonly Uint8Array[],
    md5: string | null = null,
  ) {
    this.#md5 = md5;
    this.length = bytes.reduce((sum, { length }) => sum + length, 0);
  }

  get md5(): string {
    if (this.#md5 === null) {
      const hash = createHash('md5');
      for (const bytes of this.bytes) hash.update(bytes);
      this.#md5 = hash.digest('hex');
    }
    return this.#md5;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    yield* this.bytes;
  }
}

export const NOTHING: Payload = new BytesPayload([]);

const ZEROS = Buffer.alloc(64 * 1024);

/** So many bytes that mean nothing. */
export class ZerosPayload implements Payload {
  readonly md5 = null;

  constructor(readonly length: number) {}

  async *chunks(): AsyncGenerator<Uint8Array> {
    for (let left = this.length; left > 0; left -= ZEROS.length) {
      yield left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS;
    }
  }
}

/** AWS takes no smaller chunk of a body with a trailer but the last: a host's client may send such. */
const LEAST_CHUNK = 8 * 1024;

/** A payload on its way: what the SDK is given, and what is known of it afterwards. */
export class SentPayload {
  readonly body: Readable;
  readonly #hash = createHash('md5');
  #md5: string | null;

  /**
   * @param moved called for each chunk that has been taken
   * @param failed called when the bytes cannot be read: the SDK would wait for them for ever
   */
  constructor(payload: Payload, moved: () => void, failed: (error: unknown) => void) {
    this.#md5 = payload.md5;
    this.body = Readable.from(this.#read(payload, moved), { objectMode: false });
    this.body.on('error', failed);
  }

  /** In hex, of all bytes; once they have been sent. */
  get md5(): string {
    this.#md5 ??= this.#hash.digest('hex');
    return this.#md5;
  }

  async *#read(payload: Payload, moved: () => void): AsyncGenerator<Uint8Array> {
    const isKnown = this.#md5 !== null;
    let held: Uint8Array = new Uint8Array(0);
    for await (const chunk of payload.chunks()) {
      moved();
      if (!isKnown) this.#hash.update(chunk);
      const bytes = held.length > 0 ? Buffer.concat([held, chunk]) : chunk;
      const isLarge = bytes.length >= LEAST_CHUNK;
      held = isLarge ? new Uint8Array(0) : bytes;
      if (isLarge) yield bytes;
    }
    if (held.length > 0) yield held;
  }
}

/** In hex; reads all of it. */
export async function md5Of(payload: Payload): Promise<string> {
  const hash = createHash('md5');
  for await (const chunk of payload.chunks()) hash.update(chunk);
  return hash.digest('hex');
}
