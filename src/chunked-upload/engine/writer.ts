import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { ChunkBody } from './chunk-body.js';

/** A writer that has sent no byte for this long, in milliseconds, may be taken over. */
export const SILENCE_MS = 500;

/** Breaks a body from inside: `keep` says whether what had arrived is committed. */
export class WriterEnded extends Error {
  constructor(
    readonly keep: boolean,
    readonly answer: ChunkedUploadError,
  ) {
    super(answer.message, { cause: answer });
  }
}

/** One request that is writing, or completing, one upload in this process. */
export class Writer {
  readonly ended: Promise<void>;
  #markEnded!: () => void;
  #stopReason: WriterEnded | null = null;

  constructor(
    readonly uploadId: string,
    /** Who began the upload; null: somebody anonymous. */
    readonly creator: string | null,
    /** The lease's fence. */
    readonly token: string,
    /** The bytes that it receives; null for a completion, which is never silent. */
    readonly body: ChunkBody | null,
    /** The offset at which it began. */
    readonly offset: number,
    /** End of the lease by this process' own clock; without end where nobody knows the id yet. */
    private leasedUntil = Number.POSITIVE_INFINITY,
  ) {
    this.ended = new Promise((resolve) => {
      this.#markEnded = resolve;
    });
  }

  /** Milliseconds until it counts as silent; 0 when it does. */
  get silentIn(): number {
    return this.body ? Math.max(0, SILENCE_MS - this.body.idleFor) : SILENCE_MS;
  }

  /** Asks it to stop. It has stopped when `ended` resolves. */
  stop(reason: WriterEnded): void {
    this.#stopReason ??= reason;
    this.body?.fail(reason);
  }

  /** Why it was asked to stop; null if nobody asked. */
  get stopReason(): WriterEnded | null {
    return this.#stopReason;
  }

  /** `until` is of this process' own clock, `performance.now()`. */
  extendLease(until: number): void {
    this.leasedUntil = Math.max(this.leasedUntil, until);
  }

  /** To be called directly before each write: without a lease the bytes are somebody else's. */
  assertLeased(): void {
    if (performance.now() >= this.leasedUntil) {
      throw new WriterEnded(false, ChunkedUploadError.busy());
    }
  }

  markEnded(): void {
    this.#markEnded();
  }
}
