import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import type { ByteRange, ReadOptions } from '../storage.provider.js';
import { bytesOf } from './object-bytes.js';
import type { OpenedObject, S3Bucket } from './s3-bucket.js';

/** So often the rest is asked for again, without a byte in between. */
const TRIES = 5;
const PAUSE_MS = 100;
/** So long, in milliseconds, a connection to the store is kept for somebody who does not read. */
const UNREAD_MS = 30_000;

/** An object, or a range of it, that is being read: a connection that breaks is no end of it. */
export class S3Reading {
  #position: number;
  readonly #end: number;
  #body: Readable;
  #unread: NodeJS.Timeout | undefined;

  constructor(
    private readonly bucket: S3Bucket,
    private readonly key: string,
    private readonly opened: OpenedObject,
    range: ByteRange | undefined,
    private readonly options: ReadOptions,
    private readonly unreadMs = UNREAD_MS,
  ) {
    this.#body = opened.body;
    this.#position = range?.start ?? 0;
    this.#end = this.#position + opened.length;
  }

  stream(): Readable {
    const stream = Readable.from(this.#chunks(), { objectMode: false });
    this.#waitForReader();
    // Of one that is never read nothing of what is below runs, and its connection would stay.
    return stream.once('close', () => {
      clearTimeout(this.#unread);
      this.#body.destroy();
    });
  }

  /** There are so many connections to the store, and who reads on gets another one. */
  #waitForReader(): void {
    this.#unread = setTimeout(() => this.#body.destroy(), this.unreadMs).unref();
  }

  async *#chunks(): AsyncGenerator<Buffer> {
    clearTimeout(this.#unread);
    for (let tries = 0; ;) {
      try {
        for await (const chunk of bytesOf(this.#body)) {
          this.options.nextChunk?.();
          this.#position += chunk.length;
          tries = 0;
          this.#waitForReader();
          yield chunk;
          clearTimeout(this.#unread);
        }
        if (this.#position >= this.#end) return;
      } catch (error) {
        if (tries === TRIES) throw error;
      }
      if (this.#position >= this.#end) return;
      tries += 1;
      if (tries > TRIES) throw ChunkedUploadError.bytesMissing();
      await sleep(PAUSE_MS * tries);
      this.#body = await this.#rest();
    }
  }

  async #rest(): Promise<Readable> {
    const range = { start: this.#position, end: this.#end - 1 };
    const rest = await this.bucket.get(this.key, range, { ifMatch: this.opened.etag });
    if (!rest) throw ChunkedUploadError.bytesMissing();
    return rest.body;
  }
}
