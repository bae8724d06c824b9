import { Readable } from 'node:stream';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import {
  type ByteRange,
  type OpenOptions,
  StorageProvider,
  type StorageWriter,
  type StoredFile,
} from '../storage/storage.provider.js';

/** The storage contract in as few lines as it takes. For tests: it ends with the process. */
export class MemoryStorage extends StorageProvider {
  readonly #files = new Map<string, Buffer>();

  async open({ key }: StoredFile, { offset }: OpenOptions): Promise<StorageWriter> {
    if (offset > 0 && this.#read(key).length < offset) throw ChunkedUploadError.bytesMissing();
    let position = offset;
    if (offset === 0) this.#files.set(key, Buffer.alloc(0));
    return {
      write: async (buffers) => {
        const kept = this.#read(key).subarray(0, position);
        const bytes = Buffer.concat([kept, ...buffers]);
        this.#files.set(key, bytes);
        position = bytes.length;
      },
      sync: async () => null,
      close: async () => undefined,
    };
  }

  async finish({ key, finalKey }: StoredFile, size: number): Promise<null> {
    const bytes = this.#read(this.#files.has(key) ? key : finalKey);
    if (bytes.length < size) throw ChunkedUploadError.bytesMissing();
    this.#files.delete(key);
    this.#files.set(finalKey, bytes.subarray(0, size));
    return null;
  }

  async createReadStream({ finalKey }: StoredFile, range?: ByteRange): Promise<Readable> {
    const bytes = this.#read(finalKey);
    return Readable.from([range ? bytes.subarray(range.start, range.end + 1) : bytes], {
      objectMode: false,
    });
  }

  async remove({ key, finalKey }: StoredFile): Promise<void> {
    this.#files.delete(key);
    this.#files.delete(finalKey);
  }

  #read(key: string): Buffer {
    const bytes = this.#files.get(key);
    if (!bytes) throw ChunkedUploadError.bytesMissing();
    return bytes;
  }
}
