import type {
  OpenOptions,
  StorageProvider,
  StorageWriter,
  StoredFile,
} from 'nestjs-chunked-upload';
import { FaultInjectingStorage, MemoryStorage } from 'nestjs-chunked-upload/testing';

/** A storage that breaks one promise, by what it does. `root`: an empty folder. */
export type Sabotage = (root: string) => StorageProvider;

/** What a writer does otherwise than a sound one. */
export type WriterChange = (
  writer: StorageWriter,
  options: OpenOptions,
  file: StoredFile,
  sound: MemoryStorage,
) => Partial<StorageWriter>;

/** A sound storage, but for what `change` makes otherwise. */
export function broken(change: (sound: MemoryStorage) => Partial<StorageProvider>): Sabotage {
  return () => {
    const sound = new MemoryStorage();
    return Object.assign(new FaultInjectingStorage(sound), change(sound));
  };
}

/** `make` is called once a storage, for what its writers share. */
export function brokenWriter(make: () => WriterChange): Sabotage {
  return broken((sound) => {
    const change = make();
    return {
      open: async (file, options) => {
        const writer = await sound.open(file, options);
        return { ...writer, ...change(writer, options, file, sound) };
      },
    };
  });
}

/** How far the file of each key has ever been written. */
export class Extents {
  readonly #ends = new Map<string, number>();

  of(key: string): number {
    return this.#ends.get(key) ?? 0;
  }

  tracked(writer: StorageWriter, { key }: StoredFile, offset: number): StorageWriter {
    let end = offset;
    return {
      ...writer,
      write: async (buffers) => {
        await writer.write(buffers);
        end += bytesIn(buffers);
        this.#ends.set(key, Math.max(end, this.of(key)));
      },
    };
  }
}

export function bytesIn(buffers: readonly Uint8Array[]): number {
  return buffers.reduce((sum, { length }) => sum + length, 0);
}
