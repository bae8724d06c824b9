import { Readable } from 'node:stream';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import {
  type ByteRange,
  type OpenOptions,
  StorageProvider,
  type StorageWriter,
  type StoredBytes,
  type StoredFile,
} from '../storage/storage.provider.js';

/** The storage contract in as few lines as it takes. For tests: it ends with the process. */
export class MemoryStorage extends StorageProvider {
  readonly #files = new Map<string, Buffer>();
  readonly #modifiedAt = new Map<string, Date>();

  async open({ key }: StoredFile, { offset }: OpenOptions): Promise<StorageWriter> {
    if (offset > 0 && this.#read(key).length < offset) throw ChunkedUploadError.bytesMissing();
    let position = offset;
    if (offset === 0) this.#write(key, Buffer.alloc(0));
    return {
      write: async (buffers) => {
        const kept = this.#read(key).subarray(0, position);
        const bytes = Buffer.concat([kept, ...buffers]);
        this.#write(key, bytes);
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
    this.#write(finalKey, bytes.subarray(0, size));
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

  async holds({ key, finalKey }: StoredFile, size: number): Promise<boolean> {
    const bytes = this.#files.get(key) ?? this.#files.get(finalKey);
    return bytes !== undefined && bytes.length >= size;
  }

  async *list(folder: string): AsyncGenerator<StoredBytes> {
    for (const [key, { length: size }] of this.#files) {
      if (folder !== '' && !key.startsWith(`${folder}/`)) continue;
      yield { key, size, modifiedAt: this.#modifiedAt.get(key) ?? new Date(0) };
    }
  }

  #write(key: string, bytes: Buffer): void {
    this.#files.set(key, bytes);
    this.#modifiedAt.set(key, new Date());
  }

  #read(key: string): Buffer {
    const bytes = this.#files.get(key);
    if (!bytes) throw ChunkedUploadError.bytesMissing();
    return bytes;
  }
}
