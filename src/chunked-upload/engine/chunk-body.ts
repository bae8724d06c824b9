import { Readable } from 'node:stream';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import { onEnd, wasCut } from '../platform/request-end.js';
import { buffered, isRequest } from './readable.js';
import type { Intake, MemoryAccount } from '../memory/memory-account.js';
import type { MemoryBudget } from '../memory/memory-budget.js';
import type { PieceCounter, PieceMeter } from '../memory/piece-meter.js';
import { PieceQueue, isSmall } from '../memory/piece-queue.js';
import { processMemory, processPieces } from '../memory/process-memory.js';

// One write of this costs half of four of 64 KiB, and is hashed while the next bytes come in.
const BATCH_BYTES = 256 * 1024;
// What a slow sender has sent is not held back longer than this.
const BATCH_AGE_MS = 1000;

/** What the bytes come from: it is asked to hold on when they come faster than they are stored. */
export type ChunkSource = Intake;

/** Everything that a caller may hand over as the bytes of a chunk. */
export type ChunkInput = ChunkBody | Readable | AsyncIterable<Uint8Array> | Uint8Array;

/** Where the bytes of a body come from, and whose that is. */
export interface ChunkOrigin {
  /** Default: the stream itself. */
  readonly source?: ChunkSource;
  /**
   * Whether the body ends the stream when it is closed, as `stream.pipeline` does. Not so an HTTP
   * request, whose sender has yet to be answered.
   */
  readonly owned?: boolean;
}

/**
 * The bytes of one chunk between the one who receives and the one who stores them.
 *
 * A body ends properly (`end`), or breaks (`fail`): after an ordinary error what had arrived is
 * still read, and the error comes after it; after a `ChunkedUploadError`, a refusal, nothing is.
 *
 * What it holds counts in the memory of the process: what waits, and what its reader has got, until
 * that reads on or closes the body. Whoever reads a body closes it.
 */
export class ChunkBody {
  readonly #memory: MemoryAccount;
  readonly #pieces: PieceCounter;
  readonly #queue = new PieceQueue();
  #source: ChunkSource | null = null;
  /** Reasons for which the source has been asked to hold on. */
  #holds = 0;
  /** The stream that ends with this body. */
  #owned: Readable | null = null;
  /** What the reader's batch keeps alive, in bytes. */
  #batchCost = 0;
  #received = 0;
  #aged = false;
  #ended = false;
  #closed = false;
  #failure: Error | null = null;
  #lastByteAt = performance.now();
  #timer: NodeJS.Timeout | null = null;
  #wake: (() => void) | null = null;
  #limit = Number.MAX_SAFE_INTEGER;
  #beyondLimit: (received: number) => ChunkedUploadError = () => ChunkedUploadError.noChunk();

  constructor(budget: MemoryBudget = processMemory, meter: PieceMeter = processPieces) {
    this.#memory = budget.account();
    this.#pieces = meter.counter({
      pause: () => this.#holdBack(),
      resume: () => this.#letGo(),
    });
  }

  /** Of what a caller hands over: it is this body's from here on, and ends with it, but for a request. */
  static from(input: ChunkInput): ChunkBody {
    if (input instanceof ChunkBody) return input;
    if (input instanceof Uint8Array) return ChunkBody.#ofBytes(input);
    const stream = input instanceof Readable ? input : Readable.from(input);
    return ChunkBody.ofStream(stream, { owned: !isRequest(stream) });
  }

  static #ofBytes(bytes: Uint8Array): ChunkBody {
    const body = new ChunkBody();
    // Not counted: they are in memory already, and stay there for as long as the caller likes.
    if (bytes.length > 0) body.#receive(bytes, 0);
    body.end();
    return body;
  }

  /** Reads `stream` eagerly: what it had delivered before it broke is never lost in a buffer. */
  static ofStream(stream: Readable, { source = stream, owned }: ChunkOrigin = {}): ChunkBody {
    const body = new ChunkBody();
    if (stream.readableEnded && !wasCut(stream)) {
      body.end();
      return body;
    }
    if (stream.readableEnded || stream.destroyed) {
      body.fail(stream.errored ?? new Error('The stream has been destroyed'));
      return body;
    }
    // A stream with an encoding, or one of strings, delivers text.
    const take = (bytes: Uint8Array | string) =>
      body.push(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
    const breakOff = (error = new Error('The stream was closed before its end')) => {
      // A stream that was paused when it broke still holds bytes, and does not emit them any more.
      stream.off('data', take);
      for (let rest = buffered(stream); rest; rest = buffered(stream)) take(rest);
      body.fail(error);
    };
    stream.on('data', take).resume(); // Whoever hands it over may have paused it.
    onEnd(stream, () => body.end(), breakOff);
    stream.on('error', breakOff);
    stream.on('close', () => breakOff());
    if (owned) body.#owned = stream;
    body.attach(source);
    return body;
  }

  /** From here on `source` is asked to hold on where memory is short. */
  attach(source: ChunkSource): void {
    this.#source = source;
    this.#memory.open({ pause: () => this.#holdBack(), resume: () => this.#letGo() });
  }

  /** Never asks the source to hold on again: what little is left of it comes at once. */
  detach(): void {
    this.#endIntake();
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

  /** Whether nothing more comes: it has ended, or is broken. What had come may not have been read yet. */
  get isOver(): boolean {
    return this.#ended || this.#failure !== null;
  }

  /** How long, in milliseconds, the sender has kept us waiting; 0 while it is we who are slow. */
  get idleFor(): number {
    if (this.isOver || this.#holds > 0) return 0;
    return performance.now() - this.#lastByteAt;
  }

  push(bytes: Uint8Array): void {
    if (this.isOver) return;
    this.#lastByteAt = performance.now();
    if (isSmall(bytes)) this.#pieces.count();
    this.#receive(bytes);
  }

  /** `cost`: in bytes, where that is not what they keep alive. */
  #receive(bytes: Uint8Array, cost?: number): void {
    this.#received += bytes.length;
    if (this.#received > this.#limit) {
      this.fail(this.#beyondLimit(this.#received));
      return;
    }
    this.#memory.take(this.#queue.push(bytes, cost));
    if (this.#isBatch()) this.#notify();
    else this.#timer ??= setTimeout(() => this.#grownOld(), BATCH_AGE_MS);
  }

  end(): void {
    if (this.#failure) return;
    this.#ended = true;
    this.#endIntake();
    this.#notify();
  }

  fail(error: Error): void {
    if (this.isOver) return;
    this.#failure = error;
    // What is left of the source flows, and is dropped.
    this.#endIntake();
    if (error instanceof ChunkedUploadError) this.#drop();
    this.#notify();
  }

  /**
   * The next bytes, gathered to be worth a write; null at the end. Throws what broke the body. With
   * `maxWaitMs` it waits no longer, and returns what has come by then, if only an empty array.
   */
  async read(maxWaitMs = Number.POSITIVE_INFINITY): Promise<Uint8Array[] | null> {
    this.#giveBatch();
    const giveUpAt = performance.now() + maxWaitMs;
    for (;;) {
      if (this.#failure instanceof ChunkedUploadError) throw this.#failure;
      if (this.#isBatch()) return this.#take();
      if (this.#failure) throw this.#failure;
      if (this.#ended) return null;
      const left = giveUpAt - performance.now();
      if (left <= 0) return this.#take();
      await this.#more(left);
    }
  }

  /**
   * Gives back all memory, drops what has not been read, and lets go of the source; what comes of it
   * yet is dropped. The stream of a caller is destroyed. May be called again.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#failure ??= new Error('The body has been closed');
    this.detach();
    this.#giveBatch();
    this.#drop();
    this.#notify();
    this.#owned?.destroy();
  }

  #endIntake(): void {
    this.#memory.closeIntake();
    this.#pieces.close();
  }

  #holdBack(): void {
    this.#holds += 1;
    if (this.#holds > 1) return;
    this.#source?.pause();
    // Nothing will come to make the batch larger, and memory is what is wanted.
    if (this.#queue.bytes > 0) this.#notify();
  }

  #letGo(): void {
    this.#holds -= 1;
    if (this.#holds > 0) return;
    this.#lastByteAt = performance.now();
    this.#source?.resume();
  }

  /** Whether what waits is worth a write, or will not grow. */
  #isBatch(): boolean {
    const { bytes } = this.#queue;
    if (bytes === 0) return false;
    return bytes >= BATCH_BYTES || this.#aged || this.isOver || this.#holds > 0;
  }

  #take(): Uint8Array[] {
    // Half of what it may hold: the next bytes come in while these are written.
    const most = Math.max(BATCH_BYTES, Math.floor(this.#memory.share / 2));
    const { pieces, cost } = this.#queue.take(most);
    this.#batchCost = cost;
    this.#aged = false;
    this.#clearTimer();
    if (this.#queue.bytes > 0) this.#timer = setTimeout(() => this.#grownOld(), BATCH_AGE_MS);
    return pieces;
  }

  #drop(): void {
    this.#clearTimer();
    this.#memory.give(this.#queue.clear());
  }

  #giveBatch(): void {
    const cost = this.#batchCost;
    this.#batchCost = 0;
    this.#memory.give(cost);
  }

  #more(longestMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(longestMs) ? setTimeout(() => this.#notify(), longestMs) : null;
      this.#wake = () => {
        if (timer) clearTimeout(timer);
        resolve();
      };
    });
  }

  #grownOld(): void {
    this.#timer = null;
    this.#aged = true;
    this.#notify();
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = null;
  }

  #clearTimer(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
