import { Readable } from 'node:stream';
import { ChunkedUploadError } from '../chunked-upload.errors.js';

// One write of this costs half of four of 64 KiB, and is hashed while the next bytes come in.
const BATCH_BYTES = 256 * 1024;
const HIGH_WATER_BYTES = 4 * BATCH_BYTES;
// What a slow sender has sent is not held back longer than this.
const BATCH_AGE_MS = 1000;

/** What the bytes come from: it is asked to hold on when they come faster than they are stored. */
export interface ChunkSource {
  pause(): void;
  resume(): void;
}

/** Everything that a caller may hand over as the bytes of a chunk. */
export type ChunkInput = ChunkBody | Readable | AsyncIterable<Uint8Array> | Uint8Array;

/**
 * The bytes of one chunk between the one who receives and the one who stores them.
 *
 * A body ends properly (`end`), or breaks (`fail`): after an ordinary error what had arrived is
 * still read, and the error comes after it; after a `ChunkedUploadError`, a refusal, nothing is.
 */
export class ChunkBody {
  #source: ChunkSource | null = null;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #received = 0;
  #paused = false;
  #aged = false;
  #ended = false;
  #failure: Error | null = null;
  #lastByteAt = performance.now();
  #timer: NodeJS.Timeout | null = null;
  #wake: (() => void) | null = null;
  #limit = Number.MAX_SAFE_INTEGER;
  #beyondLimit: (received: number) => ChunkedUploadError = () => ChunkedUploadError.noChunk();

  static from(input: ChunkInput): ChunkBody {
    if (input instanceof ChunkBody) return input;
    if (input instanceof Uint8Array) {
      const body = new ChunkBody();
      if (input.length > 0) body.push(input);
      body.end();
      return body;
    }
    return ChunkBody.ofStream(input instanceof Readable ? input : Readable.from(input));
  }

  /** Reads `stream` eagerly: what it had delivered before it broke is never lost in a buffer. */
  static ofStream(stream: Readable): ChunkBody {
    const body = new ChunkBody();
    if (stream.readableEnded) {
      body.end();
      return body;
    }
    if (stream.destroyed) {
      body.fail(stream.errored ?? new Error('The stream has been destroyed'));
      return body;
    }
    // A stream with an encoding, or one of strings, delivers text.
    const take = (bytes: Uint8Array | string) =>
      body.push(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
    const breakOff = (error: Error) => {
      // A stream that was paused when it broke still holds bytes, and does not emit them any more.
      stream.off('data', take);
      for (let rest = buffered(stream); rest; rest = buffered(stream)) take(rest);
      body.fail(error);
    };
    stream.on('data', take);
    stream.on('end', () => body.end());
    stream.on('error', breakOff);
    stream.on('close', () => breakOff(new Error('The stream was closed before its end')));
    body.attach(stream);
    return body;
  }

  attach(source: ChunkSource): void {
    this.#source = source;
  }

  /** Never asks the source to hold on again: what little is left of it comes at once. */
  detach(): void {
    if (this.#paused) this.#source?.resume();
    this.#paused = false;
    this.#source = null;
  }

  /** Refuses the body as soon as more than `bytes` have come, by the error that `refuse` makes. */
  limitTo(bytes: number, refuse: (received: number) => ChunkedUploadError): void {
    this.#limit = bytes;
    this.#beyondLimit = refuse;
    if (this.#received <= bytes) return;
    // Even if it has come to its end by now, or broken: too much is refused first.
    this.#ended = false;
    this.#failure = null;
    this.fail(refuse(this.#received));
  }

  /** Bytes that have come so far. */
  get received(): number {
    return this.#received;
  }

  /** How long, in milliseconds, the sender has kept us waiting; 0 while it is we who are slow. */
  get idleFor(): number {
    if (this.#ended || this.#failure || this.#paused) return 0;
    return performance.now() - this.#lastByteAt;
  }

  push(bytes: Uint8Array): void {
    if (this.#ended || this.#failure) return;
    this.#received += bytes.length;
    this.#lastByteAt = performance.now();
    if (this.#received > this.#limit) {
      this.fail(this.#beyondLimit(this.#received));
      return;
    }
    this.#queue.push(bytes);
    this.#queued += bytes.length;
    if (this.#queued >= HIGH_WATER_BYTES && this.#source && !this.#paused) {
      this.#paused = true;
      this.#source.pause();
    }
    if (this.#queued >= BATCH_BYTES) this.#notify();
    else this.#timer ??= setTimeout(() => this.#grownOld(), BATCH_AGE_MS);
  }

  end(): void {
    if (this.#failure) return;
    this.#ended = true;
    this.#notify();
  }

  fail(error: Error): void {
    if (this.#ended || this.#failure) return;
    this.#failure = error;
    if (this.#paused) this.#source?.resume();
    this.#notify();
  }

  /** The next bytes, gathered to be worth a write; null at the end. Throws what broke the body. */
  async read(): Promise<Uint8Array[] | null> {
    for (;;) {
      if (this.#failure instanceof ChunkedUploadError) throw this.#failure;
      const over = this.#ended || this.#failure !== null;
      if (this.#queued >= BATCH_BYTES || (this.#queued > 0 && (over || this.#aged))) {
        return this.#take();
      }
      if (this.#failure) throw this.#failure;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #take(): Uint8Array[] {
    const batch = this.#queue;
    this.#queue = [];
    this.#queued = 0;
    this.#aged = false;
    this.#clearTimer();
    if (this.#paused) {
      this.#paused = false;
      this.#lastByteAt = performance.now();
      this.#source?.resume();
    }
    return batch;
  }

  #grownOld(): void {
    this.#aged = true;
    this.#notify();
  }

  #notify(): void {
    this.#clearTimer();
    this.#wake?.();
    this.#wake = null;
  }

  #clearTimer(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

function buffered(stream: Readable): Uint8Array | null {
  return stream.read() as Uint8Array | null;
}
