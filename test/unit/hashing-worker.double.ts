import { Worker } from 'node:worker_threads';
import { EventEmitter } from 'node:events';
import { hasherOf, hashOn } from '../../src/chunked-upload/checksum/hasher.js';
import type { HashingJob } from '../../src/chunked-upload/checksum/hashing-thread.messages.js';
import type { HashingWorker } from '../../src/chunked-upload/checksum/hashing-thread.js';
import { HashingThreads } from '../../src/chunked-upload/checksum/hashing-threads.js';
import { SlabPool, bytesIn } from '../../src/chunked-upload/checksum/slab-pool.js';

/** A thread as slow as the test wants: it does a job when it is told to. */
export class WorkerDouble extends EventEmitter implements HashingWorker {
  readonly jobs: HashingJob[] = [];
  readonly #states = new Map<number, Uint8Array>();
  jobsSeen = 0;
  referenced = true;

  postMessage(job: HashingJob): void {
    this.jobs.push(job);
    this.jobsSeen += 1;
  }

  ref(): void {
    this.referenced = true;
  }

  unref(): void {
    this.referenced = false;
  }

  terminate(): Promise<number> {
    return Promise.resolve(0);
  }

  comeUp(): this {
    this.emit('message', 'ready');
    return this;
  }

  /** Does the next job; false: there is none. */
  async work(): Promise<boolean> {
    const job = this.jobs.shift();
    if (!job) return false;
    for (const session of job.forget) this.#states.delete(session);
    const state = job.state === undefined ? this.#states.get(job.session) : job.state;
    if (state === undefined) throw new Error('A job came without a state to go on from');
    const after = hashOn(await hasherOf(job.algorithm), state, job.slabs.map(bytesIn));
    this.#states.set(job.session, after);
    this.emit('message', after);
    return true;
  }

  /** Works until the promise has settled. */
  async workWhile<T>(promise: Promise<T>): Promise<T> {
    const end = Symbol('end');
    const settled = promise.then(
      () => end,
      () => end,
    );
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    while ((await Promise.race([settled, turn()])) !== end) await this.work();
    return promise;
  }

  die(): void {
    this.emit('error', new Error('out of memory'));
    this.emit('exit', 1);
  }
}

/** One thread, that of the double, up from the start. */
export function threadsOf(
  worker: WorkerDouble,
  slabs = new SlabPool(),
  most = 1,
): { readonly threads: HashingThreads; readonly slabs: SlabPool } {
  const threads = new HashingThreads(() => worker, most, slabs);
  threads.free();
  worker.comeUp();
  return { threads, slabs };
}

const BUILT = new URL(
  '../../dist/chunked-upload/checksum/hashing-thread.worker.js',
  import.meta.url,
);

/** Real threads, of the build: there is no worker's file beside the sources. */
export async function realThreads(most: number, started?: (worker: Worker) => void) {
  const threads = new HashingThreads(() => {
    const worker = new Worker(BUILT);
    started?.(worker);
    return worker;
  }, most);
  while (!threads.free()) await new Promise((resolve) => setTimeout(resolve, 5));
  return threads;
}
