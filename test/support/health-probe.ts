import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** What another client has met, in milliseconds. */
export interface Seen {
  readonly health: number[];
  /** Of 256 KiB each. */
  readonly uploads: number[];
  /** Answers that were not 200. */
  readonly failures: string[];
}

/** Another client of a server, in a thread of its own. */
export class HealthProbe {
  readonly #worker: Worker;

  constructor(url: string) {
    const file = new URL('./health-probe.mjs', import.meta.url);
    this.#worker = new Worker(file, { workerData: { url } });
  }

  /** Since it was asked before. */
  async seen(): Promise<Seen> {
    this.#worker.postMessage('');
    const [seen] = (await once(this.#worker, 'message')) as [Seen];
    return seen;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
