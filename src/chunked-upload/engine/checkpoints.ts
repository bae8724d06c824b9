/** So many bytes of a chunk are stored at most before they are committed on the way. */
const EVERY_BYTES = 32 * 1024 * 1024;
/** And for so long, in milliseconds, from the first of them on. */
const EVERY_MS = 5000;
/** After one that could not be made, or failed because the database was away. */
const AGAIN_MS = 1000;

/**
 * When a long chunk is to be committed on its way. The guarantee is 64 MiB or 10 s: half of it, so
 * that it holds for whoever must wait for the disk and the database as well.
 */
export class Checkpoints {
  #bytes = 0;
  #due = Number.POSITIVE_INFINITY;
  #notBefore = 0;

  /** Tells of bytes that have been stored. */
  stored(bytes: number): void {
    if (this.#bytes === 0) this.#due = performance.now() + EVERY_MS;
    this.#bytes += bytes;
    if (this.#bytes < EVERY_BYTES) return;
    this.#due = Math.min(this.#due, Math.max(performance.now(), this.#notBefore));
  }

  /** Milliseconds until the next one; undefined while nothing is to be committed. */
  get dueIn(): number | undefined {
    if (this.#bytes === 0) return undefined;
    return Math.max(0, this.#due - performance.now());
  }

  get isDue(): boolean {
    return this.dueIn === 0;
  }

  passed(): void {
    this.#bytes = 0;
    this.#due = Number.POSITIVE_INFINITY;
  }

  /** Not now: every try costs a sync of the disk. */
  postponed(): void {
    this.#notBefore = performance.now() + AGAIN_MS;
    this.#due = this.#notBefore;
  }
}
