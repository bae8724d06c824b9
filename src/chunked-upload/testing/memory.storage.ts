import { Readable } from 'node:stream';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import {
  type ByteRange,
  type OpenOptions,
  StorageProvider,
  type StorageState,
  type StorageWriter,
  type StoredBytes,
  type StoredFile,
} from '../storage/storage.provider.js';

interface MemoryFile {
  /** What lies beyond `size` is room to grow. */
  room: Buffer;
  size: number;
  modifiedAt: Date;
}

/** The storage contract in as few lines as it takes. For tests: it ends with the process. */
export class MemoryStorage extends StorageProvider {
  readonly #files = new Map<string, MemoryFile>();

  async open(file: StoredFile, options: OpenOptions): Promise<StorageWriter> {
    const { offset, token, contested } = options;
    const before = offset > 0 ? this.#read(nameOf(file), offset) : null;
    // A name that is new to everybody: who still writes has the old file.
    const storageState = contested ? { writer: token } : file.storageState;
    const target = before && !contested ? before : fileOf(before?.room.subarray(0, offset));
    this.#files.set(nameOf({ ...file, storageState }), target);
    let position = offset;
    return {
      write: async (buffers) => {
        position = put(target, position, Buffer.concat(buffers));
      },
      sync: async () => storageState,
      close: async () => undefined,
    };
  }

  async finish(file: StoredFile, size: number): Promise<null> {
    const { room } = this.#find(file, size);
    await this.remove(file);
    this.#files.set(file.finalKey, fileOf(room.subarray(0, size)));
    return null;
  }

  async createReadStream({ finalKey }: StoredFile, range?: ByteRange): Promise<Readable> {
    return stream(this.#read(finalKey, (range?.end ?? -1) + 1), range);
  }

  override async readUnfinished(file: StoredFile, range: ByteRange): Promise<Readable> {
    return stream(this.#find(file, range.end + 1), range);
  }

  async remove(file: StoredFile): Promise<void> {
    for (const name of this.#names(file)) this.#files.delete(name);
  }

  override async removeLeftovers(file: StoredFile): Promise<void> {
    const others = this.#names(file).filter((name) => name !== file.finalKey);
    for (const name of others) this.#files.delete(name);
  }

  async holds(file: StoredFile, size: number): Promise<boolean> {
    return this.#names(file).some((name) => (this.#files.get(name)?.size ?? -1) >= size);
  }

  async *list(folder: string): AsyncGenerator<StoredBytes> {
    for (const [name, { size, modifiedAt }] of this.#files) {
      if (folder !== '' && !name.startsWith(`${folder}/`)) continue;
      yield { key: name.replace(/\n.*/, ''), size, modifiedAt };
    }
  }

  #names({ key, finalKey }: StoredFile): string[] {
    const isOf = (name: string) => [key, finalKey].includes(name) || name.startsWith(`${key}\n`);
    return [...this.#files.keys()].filter(isOf);
  }

  #find(file: StoredFile, size: number): MemoryFile {
    return this.#read(this.#files.has(nameOf(file)) ? nameOf(file) : file.finalKey, size);
  }

  #read(name: string, size: number): MemoryFile {
    const file = this.#files.get(name);
    if (!file || file.size < size) throw ChunkedUploadError.bytesMissing();
    return file;
  }
}

/** Under which name the committed bytes are while they arrive. */
function nameOf({ key, storageState }: { key: string; storageState: StorageState | null }): string {
  const writer = storageState?.['writer'];
  return typeof writer === 'string' ? `${key}\n${writer}` : key;
}

function fileOf(bytes: Uint8Array = Buffer.alloc(0)): MemoryFile {
  return { room: Buffer.from(bytes), size: bytes.length, modifiedAt: new Date() };
}

function put(file: MemoryFile, position: number, bytes: Buffer): number {
  const end = position + bytes.length;
  if (end > file.room.length) file.room = Buffer.concat([file.room], 2 * end);
  bytes.copy(file.room, position);
  Object.assign(file, { size: end, modifiedAt: new Date() });
  return end;
}

function stream({ room, size }: MemoryFile, range?: ByteRange): Readable {
  const bytes = room.subarray(range?.start ?? 0, range ? range.end + 1 : size);
  return Readable.from([Buffer.from(bytes)], { objectMode: false });
}
