import {
  type BeforeApplicationShutdown,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { Cleaner } from '../engine/cleaner.js';
import { LONGEST_TIMER_MS } from '../engine/duration.js';
import type { UploadType } from '../engine/upload-type.js';

let enabled = true;

/** For programs that start an application only to look at it: no timer of this process starts. */
export function disableCleanupTimers(): void {
  enabled = false;
}

/** Removes the expired uploads of one type again and again, while the application runs. */
export class CleanupTimer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger('ChunkedUpload');
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;

  constructor(
    private readonly type: Pick<UploadType, 'cleanupMs' | 'path'>,
    private readonly cleaner: Pick<Cleaner<AbstractChunkedUpload>, 'removeExpired'>,
  ) {}

  onApplicationBootstrap(): void {
    // Processes that were started together must not all come at once, and one that is restarted
    // often gets its turn as well.
    if (enabled) this.#schedule(0.1, 1);
  }

  /** Waits for the batch that is being removed, while the database is there. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#stopping.abort();
    if (this.#timer) clearTimeout(this.#timer);
    await this.#running;
  }

  /** After a part of the interval between `least` and `most`. */
  #schedule(least: number, most: number): void {
    const { cleanupMs } = this.type;
    if (cleanupMs === null || this.#stopping.signal.aborted) return;
    const part = least + (most - least) * Math.random();
    const wait = Math.min(cleanupMs * part, LONGEST_TIMER_MS);
    this.#timer = setTimeout(() => {
      this.#running = this.#run().finally(() => {
        this.#running = null;
        this.#schedule(0.9, 1.1);
      });
    }, wait).unref();
  }

  async #run(): Promise<void> {
    try {
      const { signal } = this.#stopping;
      const { failed, failure } = await this.cleaner.removeExpired({ signal });
      if (failed > 0)
        this.#warn(`${failed} could not be removed: ${nameOf(failure)}${failure?.message}`);
    } catch (error) {
      this.#warn(error instanceof Error ? error.message : String(error));
    }
  }

  #warn(sentence: string): void {
    const { path } = this.type;
    this.#logger.warn(`Clean-up of the expired uploads of "${path}": ${sentence}`);
  }
}

/** The upload that a failure is about, where it says so. */
function nameOf(failure: Error | null): string {
  const id = failure instanceof ChunkedUploadError ? failure.uploadId : null;
  return id === null ? '' : `upload ${id}: `;
}
