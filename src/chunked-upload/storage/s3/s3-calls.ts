import { setTimeout as sleep } from 'node:timers/promises';
import { asS3Error, asStorageError, isRefusal, isUnanswered } from './s3-errors.js';
import { type Payload, SentPayload } from './payload.js';

/** Less than what the module gives a call of the storage: so that it ends by itself, and is known to have. */
export const PATIENCE_MS = 11_000;
const TRIES = 5;
/** There is no further try where less than this is left. */
export const LEAST_TRY_MS = 1000;
/** For so long a call may take, or one that sends a body may send nothing. */
export const STALL_MS = 8000;
const FIRST_PAUSE_MS = 50;

/** The same of one in which the store moves bytes itself. */
export const COPY_MS = 120_000;

/** The same of one that may take as long as the store needs: by then its connection is dead. */
const MOST_MS = 600_000;

export interface CallOptions {
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
  /** How long one try may take, in milliseconds, or say nothing. */
  readonly limitMs?: number;
  /** Called as bytes of its body go out. */
  readonly moved?: (() => void) | undefined;
  /** Called before each further try: the one before may have taken effect, too. */
  readonly again?: () => void;
  /** Whether a try without an answer is the last: one that comes after it might be undone by it. */
  readonly endsUnanswered?: boolean;
}

/**
 * Calls the store until it answers: of a call that failed without an answer nobody knows whether it
 * took effect, and all of ours may be repeated.
 */
export async function repeated<R>(
  call: (signal: AbortSignal) => Promise<R>,
  options: CallOptions = {},
): Promise<R> {
  return persistently((limit) => call(limit.signal), options);
}

/** A call that is to be made once, and may take minutes. */
export async function once<R>(
  call: (signal: AbortSignal) => Promise<R>,
  { limitMs = MOST_MS, signal }: Pick<CallOptions, 'limitMs' | 'signal'> = {},
): Promise<R> {
  const limit = new TimeLimit(limitMs, signal);
  try {
    return await call(limit.signal);
  } catch (error) {
    throw asStorageError(limit.failure ?? asS3Error(error));
  } finally {
    limit.end();
  }
}

/** The same for a call that sends a body, which may take as long as bytes go out. */
export async function repeatedUpload<R>(
  payload: Payload,
  call: (sent: SentPayload, signal: AbortSignal) => Promise<R>,
  options: CallOptions = {},
): Promise<R> {
  return persistently(async (limit) => {
    const sent = new SentPayload(
      payload,
      () => {
        limit.moved();
        options.moved?.();
      },
      (error) => limit.fail(error),
    );
    try {
      return await call(sent, limit.signal);
    } finally {
      sent.body.destroy();
    }
  }, options);
}

async function persistently<R>(
  call: (limit: TimeLimit) => Promise<R>,
  options: CallOptions,
): Promise<R> {
  const { signal, limitMs = STALL_MS, endsUnanswered = false } = options;
  const giveUpAt = performance.now() + Math.max(PATIENCE_MS, limitMs);
  for (let tries = 1; ; tries += 1) {
    const limit = new TimeLimit(Math.min(limitMs, giveUpAt - performance.now()), signal);
    try {
      return await call(limit);
    } catch (error) {
      // Where it was answered early its body is still on its way.
      limit.abort();
      const cause = limit.failure ?? asS3Error(error);
      const pause = FIRST_PAUSE_MS * 2 ** tries * (0.5 + Math.random());
      const isOver =
        tries === TRIES ||
        performance.now() + pause + LEAST_TRY_MS > giveUpAt ||
        (endsUnanswered && isUnanswered(cause));
      if (isOver || limit.isFinal || isRefusal(cause)) throw asStorageError(cause);
      options.again?.();
      await sleep(pause, undefined, signal && { signal });
    } finally {
      limit.end();
    }
  }
}

/** The end of one try. */
class TimeLimit {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout;
  #failure: unknown = null;
  #isFinal = false;
  readonly #abort = (): void => {
    this.#isFinal = true;
    this.#controller.abort();
  };

  constructor(
    private readonly ms: number,
    private readonly outer: AbortSignal | undefined,
  ) {
    this.#timer = this.#start();
    if (outer?.aborted) this.#abort();
    outer?.addEventListener('abort', this.#abort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What ended the try from here; null: it ended by itself. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Whether another try would be of no use. */
  get isFinal(): boolean {
    return this.#isFinal;
  }

  /** Something has been sent: the time begins anew. */
  moved(): void {
    this.#timer.refresh();
  }

  /** What was to be sent cannot be read. */
  fail(error: unknown): void {
    this.#failure ??= error;
    this.#controller.abort();
  }

  abort(): void {
    this.#controller.abort();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.outer?.removeEventListener('abort', this.#abort);
  }

  #start(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#failure ??= new Error(`The store did not answer within ${this.ms} ms`);
      this.#controller.abort();
    }, this.ms);
  }
}
