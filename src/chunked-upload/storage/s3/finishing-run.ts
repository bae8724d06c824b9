import type { FinishedState } from './s3-state.js';

/** For so long, in milliseconds, others wait for a call that makes the object and is not answered. */
const UNANSWERED_MS = 2500;

/** One try to make the object of an upload. */
export class FinishingRun {
  result!: Promise<FinishedState>;
  #askedAt = Number.POSITIVE_INFINITY;
  readonly #abandoned = new AbortController();

  /** Whether the store owes an answer for so long that it may never come. */
  get isUnanswered(): boolean {
    return performance.now() - this.#askedAt > UNANSWERED_MS;
  }

  get isAbandoned(): boolean {
    return this.#abandoned.signal.aborted;
  }

  /** Gives the call up that it waits for: what became of that, others find out. */
  abandon(): void {
    this.#abandoned.abort();
  }

  async asking<R>(call: (signal: AbortSignal) => Promise<R>): Promise<R> {
    this.#askedAt = performance.now();
    try {
      return await call(this.#abandoned.signal);
    } finally {
      this.#askedAt = Number.POSITIVE_INFINITY;
    }
  }
}
