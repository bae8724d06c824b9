import type { S3Bucket } from './s3-bucket.js';
import type { CallOptions } from './s3-calls.js';

/** Names of removed pieces that are remembered: states name them for a moment longer. */
const MOST_REMEMBERED = 4000;
/** After one that failed, in milliseconds: it may be that nothing may be removed at all. */
const PAUSE_MS = 30_000;

/**
 * Removes pieces, each of them once: writers that follow on each other are told of the same by their
 * states, until one is committed that names them no more. A name is never used again.
 */
export class PieceRemoval {
  readonly #running = new Map<string, Promise<void>>();
  readonly #gone = new Set<string>();
  #pausedUntil = 0;

  constructor(private readonly bucket: S3Bucket) {}

  /** Whether it is no use to try: the last time it failed. */
  get isPaused(): boolean {
    return performance.now() < this.#pausedUntil;
  }

  isGone(name: string): boolean {
    return this.#gone.has(name);
  }

  /** Whether it is being removed, on behalf of whomever. */
  isGoing(name: string): boolean {
    return this.#running.has(name);
  }

  async remove(names: readonly string[], options: CallOptions): Promise<void> {
    const left = names.filter((name) => !this.#gone.has(name));
    const own = left.filter((name) => !this.#running.has(name));
    const removing = own.length > 0 ? this.#remove(own, options) : null;
    for (const name of own) if (removing) this.#running.set(name, removing);
    await Promise.all(left.flatMap((name) => this.#running.get(name) ?? []));
  }

  async #remove(names: readonly string[], options: CallOptions): Promise<void> {
    const removed = (name: string): void => {
      this.#gone.add(name);
      const [oldest] = this.#gone;
      if (oldest !== undefined && this.#gone.size > MOST_REMEMBERED) this.#gone.delete(oldest);
    };
    try {
      await this.bucket.remove(names, { ...options, removed });
    } catch (error) {
      this.#pausedUntil = performance.now() + PAUSE_MS;
      throw error;
    } finally {
      for (const name of names) this.#running.delete(name);
    }
  }
}
