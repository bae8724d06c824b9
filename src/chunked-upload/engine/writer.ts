import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { CommitWatch } from '../database/connections.js';
import { databaseAway } from '../database/database-failure.js';
import { isRefusal } from '../database/refusal.js';
import type { ChunkBody } from './chunk-body.js';
import { socketsRead } from './event-loop.js';

/** A writer that has sent no byte for this long, in milliseconds, may be taken over. */
export const SILENCE_MS = 500;
/** So often its socket is read until a sender counts as one that goes on sending. */
const MOST_TURNS = 32;

/** Breaks a body from inside: `keep` says whether what had arrived is committed. */
export class WriterEnded extends Error {
  constructor(
    readonly keep: boolean,
    readonly answer: ChunkedUploadError,
  ) {
    super(answer.message, { cause: answer });
    answer.endingRequest();
  }
}

/** What the row says of a lease that has just been taken. */
export interface Lease {
  /** The fence. */
  readonly token: string;
  /** How many writers have had the upload since one gave it back with a commit, this one included. */
  readonly attempt: number;
  /** Whether a writer before this one may still run somewhere, and write once more. */
  readonly contested: boolean;
  /** This process, for its successor after a crash; null where it has no lasting name. */
  readonly holder: string | null;
}

/** One request that is writing, or completing, one upload in this process. */
export class Writer {
  readonly ended: Promise<void>;
  /** Whether the storage has been told of it: for a new upload it may have made a file. */
  hasOpened = false;
  /** Whether anything may have been written to the storage. */
  hasWritten = false;
  readonly #start: number;
  #isCommitting = false;
  #isUnsettled = false;
  #markEnded!: () => void;
  #stopReason: WriterEnded | null = null;
  #renewalFailure: unknown = null;
  #stoppedAt = Number.POSITIVE_INFINITY;
  readonly #stopped = new AbortController();

  constructor(
    readonly uploadId: string,
    /** Who began the upload; null: somebody anonymous. */
    readonly creator: string | null,
    private taken: Lease,
    /** The bytes that it receives; null for a completion, which is never silent. */
    readonly body: ChunkBody | null,
    private committed: number,
    /** End of the lease by this process' own clock; without end where nobody knows the id yet. */
    private leasedUntil = Number.POSITIVE_INFINITY,
  ) {
    this.#start = committed;
    this.ended = new Promise((resolve) => {
      this.#markEnded = resolve;
    });
  }

  /** While a commit is on its way the lease is not renewed: one that hangs must not keep it. */
  get isCommitting(): boolean {
    return this.#isCommitting;
  }

  /** Whether a commit was sent and nobody knows what became of it: it may yet be carried out. */
  get isUnsettled(): boolean {
    return this.#isUnsettled;
  }

  /** Runs what ends with a commit, and says by the watch how far that has come. */
  async settle<R>(work: (watch: CommitWatch) => Promise<R>): Promise<R> {
    const mark = (isOnItsWay: boolean) => () => {
      this.#isCommitting = isOnItsWay;
      this.#isUnsettled = isOnItsWay;
    };
    try {
      const result = await work({ committing: mark(true), undone: mark(false) });
      this.#isUnsettled = false;
      return result;
    } catch (error) {
      if (isRefusal(error)) this.#isUnsettled = false;
      throw error;
    } finally {
      this.#isCommitting = false;
    }
  }

  /** The offset that it has committed; at first where it began. */
  get offset(): number {
    return this.committed;
  }

  /** How many bytes it has committed. */
  get kept(): number {
    return this.committed - this.#start;
  }

  get lease(): Lease {
    return this.taken;
  }

  get token(): string {
    return this.taken.token;
  }

  /** To be called when it has committed: what a writer before it may still write is none of it. */
  hasCommitted(offset: number): void {
    this.committed = offset;
    this.taken = { ...this.taken, contested: false };
  }

  /** Milliseconds until it may count as silent; 0 when it may. */
  get silentIn(): number {
    return this.body ? Math.max(0, SILENCE_MS - this.body.idleFor) : SILENCE_MS;
  }

  /** Whether it has sent nothing for too long, judged after what it did send has been read. */
  async isSilent(): Promise<boolean> {
    if (this.silentIn > 0) return false;
    await socketsRead();
    return this.silentIn === 0;
  }

  /** Whether nothing more comes, as its body has ended or is broken, judged after all that came was read. */
  async hasAll(): Promise<boolean> {
    const { body } = this;
    if (!body) return true;
    // The kernel hands over a large chunk bit by bit, and its end last.
    for (let turn = 0; turn < MOST_TURNS; turn += 1) {
      const { received } = body;
      await socketsRead();
      if (body.isOver) return true;
      if (body.received === received) return false;
    }
    return false;
  }

  /** Asks it to stop. It has stopped when `ended` resolves. */
  stop(reason: WriterEnded): void {
    if (this.#stopReason === null) {
      this.#stopReason = reason;
      this.#stoppedAt = performance.now();
      this.#stopped.abort();
    }
    this.body?.fail(reason);
  }

  /** Aborted when it is asked to stop: a call of the storage is then no longer waited for at length. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  /** Whether it receives bytes, and was asked to stop so long ago, in milliseconds. A completion goes on. */
  isOverdue(ms: number): boolean {
    return this.body !== null && performance.now() - this.#stoppedAt > ms;
  }

  /** Why it was asked to stop; null if nobody asked. */
  get stopReason(): WriterEnded | null {
    return this.#stopReason;
  }

  /** Whether others can know the upload: it has a row. */
  get isKnown(): boolean {
    return this.leasedUntil !== Number.POSITIVE_INFINITY;
  }

  /** From here on others know the upload: the lease ends. `until` is of `performance.now()`. */
  startLease(until: number): void {
    this.leasedUntil = until;
  }

  /** `until` is of this process' own clock, `performance.now()`. */
  extendLease(until: number): void {
    this.leasedUntil = Math.max(this.leasedUntil, until);
    this.#renewalFailure = null;
  }

  /** To be called when the database could not be asked for more time. */
  notRenewed(failure: unknown): void {
    this.#renewalFailure = failure;
  }

  /** To be called directly before each write: without a lease the bytes are somebody else's. */
  assertLeased(): void {
    if (performance.now() < this.leasedUntil) return;
    const failure = this.#renewalFailure;
    // Nobody else is known to have the upload; the database is what is missing.
    const answer = failure === null ? ChunkedUploadError.busy() : databaseAway(failure);
    throw new WriterEnded(false, answer);
  }

  markEnded(): void {
    this.#markEnded();
  }
}
