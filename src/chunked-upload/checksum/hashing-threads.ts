import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { HASHING_THREAD } from './hashing-thread.asset.js';
import { HashingThread, type HashingWorker } from './hashing-thread.js';
import { SlabPool } from './slab-pool.js';

const MOST_THREADS = 4;
/** After a thread that could not be had, or died. */
const PAUSE_MS = 30_000;

/**
 * The threads that hash for all uploads of the process, so that receiving and hashing use several
 * processors. Begun when there is work for one more. Where none can be had (no permission, a limit
 * of threads) `free` says so, and hashing goes on where it is.
 */
export class HashingThreads {
  static #shared: HashingThreads | null = null;

  static shared(): HashingThreads {
    HashingThreads.#shared ??= new HashingThreads();
    return HashingThreads.#shared;
  }

  #threads: HashingThread[] = [];
  #pausedUntil = -Infinity;

  constructor(
    private readonly start: () => HashingWorker = startWorker,
    private readonly most = Math.max(1, Math.min(MOST_THREADS, availableParallelism() - 1)),
    readonly slabs = new SlabPool(),
  ) {}

  /** The thread with the least to do; null while there is none. */
  free(): HashingThread | null {
    const ready = this.#threads.filter((thread) => thread.ready);
    const idlest = ready.toSorted((one, other) => one.load - other.load)[0] ?? null;
    if (!idlest || idlest.load > 0) this.#startAnother();
    return idlest;
  }

  #startAnother(): void {
    const starting = this.#threads.some((thread) => !thread.ready);
    if (starting || this.#threads.length === this.most) return;
    if (performance.now() < this.#pausedUntil) return;
    try {
      this.#threads.push(new HashingThread(this.start(), (thread) => this.#lost(thread)));
    } catch {
      this.#pause();
    }
  }

  #lost(lost: HashingThread): void {
    this.#threads = this.#threads.filter((thread) => thread !== lost);
    this.#pause();
  }

  #pause(): void {
    this.#pausedUntil = performance.now() + PAUSE_MS;
  }
}

function startWorker(): HashingWorker {
  const isText = typeof HASHING_THREAD === 'string';
  // Flags of the host, such as `--import`, are for its own code.
  return new Worker(HASHING_THREAD, { name: 'checksum', eval: isText, execArgv: [] });
}
