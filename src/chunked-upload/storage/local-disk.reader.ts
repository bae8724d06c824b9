import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import { closedOnFailure } from './local-disk.handle.js';
import type { ByteRange, ReadOptions } from './storage.provider.js';

// Where nobody says otherwise.
const CHUNK_BYTES = 256 * 1024;

export function openToRead(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
}

/**
 * A stream of an open file, which it closes. Of a handle and not of a path, so that a missing file is
 * an error and not a broken answer.
 */
export async function read(
  handle: FileHandle,
  range: ByteRange | undefined,
  { nextChunk = () => CHUNK_BYTES }: ReadOptions = {},
): Promise<Readable> {
  return closedOnFailure(handle, async () => {
    const stats = await handle.stat();
    const isThere = stats.isFile() && !(range && stats.size <= range.end);
    if (!isThere) throw ChunkedUploadError.bytesMissing();
    const { start, end } = range ?? { start: 0, end: stats.size - 1 };
    if (end >= start) return new LocalDiskReader(handle, { start, end }, nextChunk);
    await handle.close();
    return Readable.from([]);
  });
}

/** Reads a range of an open file, which it closes, in chunks of a size that may change on the way. */
class LocalDiskReader extends Readable {
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
