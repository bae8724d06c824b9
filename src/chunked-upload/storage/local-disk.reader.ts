import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { ByteRange } from './storage.provider.js';

/** Reads a range of an open file, which it closes, in chunks of a size that may change on the way. */
export class LocalDiskReader extends Readable {
  #position: number;
  #reading: Promise<void> = Promise.resolve();

  constructor(
    private readonly handle: FileHandle,
    private readonly range: ByteRange,
    /** How many bytes to read now. */
    private readonly nextChunk: () => number,
  ) {
    // One chunk is read ahead, however large it is.
    super({ highWaterMark: 1 });
    this.#position = range.start;
  }

  override _read(): void {
    this.#reading = this.#readNext().catch((error: unknown) => {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    void this.#reading
      .then(() => this.handle.close())
      .then(
        () => done(error),
        () => done(error),
      );
  }

  async #readNext(): Promise<void> {
    const left = this.range.end + 1 - this.#position;
    if (left <= 0) {
      this.push(null);
      return;
    }
    const chunk = Buffer.allocUnsafeSlow(Math.min(left, this.nextChunk()));
    const { bytesRead } = await this.handle.read(chunk, 0, chunk.length, this.#position);
    if (this.destroyed) return;
    // Cut off behind our back: what has been announced cannot be sent.
    if (bytesRead === 0) throw ChunkedUploadError.bytesMissing();
    this.#position += bytesRead;
    this.push(chunk.subarray(0, bytesRead));
  }
}
