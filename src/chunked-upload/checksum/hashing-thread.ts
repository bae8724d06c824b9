import { Worker } from 'node:worker_threads';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { ChecksumAlgorithm } from './algorithms.js';
import type { ThreadReply, ThreadRequest } from './hashing-thread.messages.js';

const SLAB_BYTES = 256 * 1024;
const SLABS = 32;

/**
 * One worker thread that hashes for all uploads of the process, so that receiving and hashing use
 * two processors. Bytes are handed over in a fixed number of shared slabs: they bound the memory,
 * and who finds none free waits, which slows the sender down.
 */
export class HashingThread {
  static #shared: HashingThread | null = null;

  static shared(): HashingThread {
    HashingThread.#shared ??= new HashingThread();
    return HashingThread.#shared;
  }

  readonly #worker: Worker;
  readonly #free: SharedArrayBuffer[] = [];
  readonly #waiting: ((slab: SharedArrayBuffer) => void)[] = [];
  readonly #saves = new Map<number, PromiseWithResolvers<Uint8Array>>();
  #slabs = 0;
  #sessions = 0;
  #ready = false;
  #failure: Error | null = null;

  private constructor() {
    this.#worker = new Worker(new URL('./hashing-thread.worker.js', import.meta.url));
    this.#worker.unref();
    this.#worker.on('message', (reply: ThreadReply) => this.#receive(reply));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('The hashing thread has ended')));
  }

  /** A hasher that goes on from `state`; null while there is no thread to run it. */
  begin(algorithm: ChecksumAlgorithm, state: Uint8Array): ThreadedHasher | null {
    if (!this.#ready || this.#failure) return null;
    this.#sessions += 1;
    const session = this.#sessions;
    this.post({ session, begin: { algorithm, state } });
    return new ThreadedHasher(this, session);
  }

  post(request: ThreadRequest): void {
    if (this.#failure) throw this.#failure;
    this.#worker.postMessage(request);
  }

  async slab(): Promise<SharedArrayBuffer> {
    // Nobody gives one back any more.
    if (this.#failure) throw this.#failure;
    const free = this.#free.pop();
    if (free) return free;
    if (this.#slabs < SLABS) {
      this.#slabs += 1;
      return new SharedArrayBuffer(SLAB_BYTES);
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  save(session: number, undone: boolean): Promise<Uint8Array> {
    const saved = withResolvers<Uint8Array>();
    this.post({ session, save: undone ? 'before the last update' : 'now' });
    this.#saves.set(session, saved);
    return saved.promise;
  }

  #receive(reply: ThreadReply): void {
    if ('ready' in reply) this.#ready = true;
    else if ('slab' in reply) this.#release(reply.slab);
    else {
      this.#saves.get(reply.session)?.resolve(reply.state);
      this.#saves.delete(reply.session);
    }
  }

  #release(slab: SharedArrayBuffer): void {
    const next = this.#waiting.shift();
    if (next) next(slab);
    else this.#free.push(slab);
  }

  // The requests that were hashing fail and can be repeated; later ones hash where they are until
  // a new worker is up, or for good where none ever came up (a bundler that lost its file).
  #fail(cause: Error): void {
    if (this.#failure) return;
    const error = ChunkedUploadError.unavailable('The checksum could not be computed', cause);
    this.#failure = error;
    if (this.#ready) HashingThread.#shared = null;
    for (const saved of this.#saves.values()) saved.reject(error);
    for (const next of this.#waiting) next(new SharedArrayBuffer(SLAB_BYTES));
  }
}

/** One checksum in the hashing thread. */
export class ThreadedHasher {
  constructor(
    private readonly thread: HashingThread,
    private readonly session: number,
  ) {}

  async update(buffers: readonly Uint8Array[]): Promise<void> {
    let slab: SharedArrayBuffer | null = null;
    let filled = 0;
    let first = true;
    const post = (full: SharedArrayBuffer) => {
      this.thread.post({ session: this.session, update: full, length: filled, first });
      slab = null;
      filled = 0;
      first = false;
    };
    for (const buffer of buffers) {
      for (let start = 0; start < buffer.length;) {
        slab ??= await this.thread.slab();
        const part = buffer.subarray(start, start + SLAB_BYTES - filled);
        new Uint8Array(slab).set(part, filled);
        filled += part.length;
        start += part.length;
        if (filled === SLAB_BYTES) post(slab);
      }
    }
    if (slab) post(slab);
  }

  save(undone: boolean): Promise<Uint8Array> {
    return this.thread.save(this.session, undone);
  }

  close(): void {
    try {
      this.thread.post({ session: this.session, end: true });
    } catch {
      // The thread is gone, and with it the session.
    }
  }
}

// Promise.withResolvers, which Node 20 does not have.
interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
