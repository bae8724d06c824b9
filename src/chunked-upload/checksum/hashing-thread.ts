import type { HashingJob, HashingReply } from './hashing-thread.messages.js';

/** What is needed of a `Worker`. */
export interface HashingWorker {
  on(event: 'message', listener: (reply: HashingReply) => void): unknown;
  on(event: 'error' | 'messageerror', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  postMessage(job: HashingJob): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
}

/** Takes the state after a job; null where the thread was lost before it was done. */
export type JobAnswer = (state: Uint8Array | null) => void;

/** One worker thread that hashes for many uploads. */
export class HashingThread {
  readonly #answers: JobAnswer[] = [];
  #forget: number[] = [];
  #ready = false;
  #lost = false;

  constructor(
    private readonly worker: HashingWorker,
    private readonly onLost: (thread: HashingThread) => void,
  ) {
    worker.on('message', (reply) => this.#receive(reply));
    worker.on('error', () => this.#lose());
    // Answers come in the order of the jobs: with one missing, none can be told from another.
    worker.on('messageerror', () => this.#lose());
    worker.on('exit', () => this.#lose());
    // After the listeners: adding one keeps the process alive again.
    worker.unref();
  }

  /** Whether it takes jobs. */
  get ready(): boolean {
    return this.#ready && !this.#lost;
  }

  /** How many jobs it has not answered yet. */
  get load(): number {
    return this.#answers.length;
  }

  run(job: Omit<HashingJob, 'forget'>, answer: JobAnswer): void {
    // Somebody waits for the answer: until then the process must not end by itself.
    if (this.#answers.length === 0) this.worker.ref();
    this.#answers.push(answer);
    const forget = this.#forget;
    this.#forget = [];
    this.worker.postMessage({ ...job, forget });
  }

  /** The session has no job here any more. Told with the next job: it is not worth a message. */
  forget(session: number): void {
    this.#forget.push(session);
  }

  #receive(reply: HashingReply): void {
    if (this.#lost) return;
    if (reply === 'ready') {
      this.#ready = true;
      return;
    }
    const answer = this.#answers.shift();
    if (this.#answers.length === 0) this.worker.unref();
    answer?.(reply);
  }

  #lose(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.worker.unref();
    this.worker.terminate().catch(() => undefined);
    this.onLost(this);
    for (const answer of this.#answers.splice(0)) answer(null);
  }
}
