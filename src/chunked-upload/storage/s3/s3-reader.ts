import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import type { ByteRange, ReadOptions } from '../storage.provider.js';
import type { OpenedObject, S3Bucket } from './s3-bucket.js';

/** So often the rest is asked for again, without a byte in between. */
const TRIES = 5;
const PAUSE_MS = 100;

/** An object, or a range of it, that is being read: a connection that breaks is no end of it. */
export class S3Reading {
  #position: number;
  readonly #end: number;

  constructor(
    private readonly bucket: S3Bucket,
    private readonly key: string,
    private readonly opened: OpenedObject,
    range: ByteRange | undefined,
    private readonly options: ReadOptions,
  ) {
    this.#position = range?.start ?? 0;
    this.#end = this.#position + opened.length;
  }

  stream(): Readable {
    return Readable.from(this.#chunks(), { objectMode: false });
  }

  async *#chunks(): AsyncGenerator<Buffer> {
    let body = this.opened.body;
    for (let tries = 0; ;) {
      try {
        for await (const chunk of body as AsyncIterable<Buffer>) {
          this.options.nextChunk?.();
          this.#position += chunk.length;
          tries = 0;
          yield chunk;
        }
        if (this.#position >= this.#end) return;
      } catch (error) {
        if (tries === TRIES) throw error;
      }
      if (this.#position >= this.#end) return;
      tries += 1;
      if (tries > TRIES) throw ChunkedUploadError.bytesMissing();
      await sleep(PAUSE_MS * tries);
      body = await this.#rest();
    }
  }

  async #rest(): Promise<Readable> {
    const range = { start: this.#position, end: this.#end - 1 };
    const rest = await this.bucket.get(this.key, range, { ifMatch: this.opened.etag });
    if (!rest) throw ChunkedUploadError.bytesMissing();
    return rest.body;
  }
}
