import { ChunkedUploadError } from '../chunked-upload.errors.js';
import { type Writer, WriterEnded } from './writer.js';

/**
 * A first chunk that sends no byte for so long is ended: the clean-up of another process, that
 * cannot know of it, must not take its bytes for lost ones.
 */
const LONGEST_SILENCE_MS = 30 * 60_000;
const WATCH_EVERY_MS = 60_000;

/** The writers of this process whose uploads have no row yet. */
export class BeginningWriters {
  readonly #writers = new Map<string, Writer>();
  #watch: NodeJS.Timeout | null = null;

  get size(): number {
    return this.#writers.size;
  }

  all(): Writer[] {
    return [...this.#writers.values()];
  }

  has(uploadId: string): boolean {
    return this.#writers.has(uploadId);
  }

  add(writer: Writer): void {
    this.#writers.set(writer.uploadId, writer);
    this.#watch ??= setInterval(() => this.#endLongSilent(), WATCH_EVERY_MS).unref();
  }

  delete(writer: Writer): void {
    this.#writers.delete(writer.uploadId);
    if (this.#writers.size > 0 || !this.#watch) return;
    clearInterval(this.#watch);
    this.#watch = null;
  }

  #endLongSilent(): void {
    for (const writer of this.#writers.values()) {
      const { body } = writer;
      if (!body || body.idleFor < LONGEST_SILENCE_MS) continue;
      writer.stop(new WriterEnded(true, ChunkedUploadError.busy()));
    }
  }
}
