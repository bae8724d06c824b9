import type { Readable } from 'node:stream';
import {
  type ByteRange,
  type OpenOptions,
  StorageProvider,
  type StorageState,
  type StorageWriter,
  type StoredBytes,
  type StoredFile,
} from '../storage/storage.provider.js';

export type StorageOperation =
  'open' | 'write' | 'sync' | 'finish' | 'createReadStream' | 'remove' | 'holds' | 'list';

/** Called before each operation: throws to fail it, waits to delay it. `nth` counts from 1. */
export type Fault = (operation: StorageOperation, nth: number) => void | Promise<void>;

/** A real storage that fails when it is told to. */
export class FaultInjectingStorage extends StorageProvider {
  /** What goes wrong from now on; null: nothing. */
  fault: Fault | null = null;
  readonly #counts = new Map<StorageOperation, number>();

  constructor(private readonly inner: StorageProvider) {
    super();
  }

  /** Fails the next call of `operation` with `error`, and only that one. */
  failNext(operation: StorageOperation, error: Error): void {
    this.fault = (called) => {
      if (called !== operation) return;
      this.fault = null;
      throw error;
    };
  }

  async open(file: StoredFile, options: OpenOptions): Promise<StorageWriter> {
    await this.#before('open');
    const writer = await this.inner.open(file, options);
    return {
      write: async (buffers) => {
        await this.#before('write');
        return writer.write(buffers);
      },
      sync: async () => {
        await this.#before('sync');
        return writer.sync();
      },
      close: () => writer.close(),
    };
  }

  async finish(file: StoredFile, size: number): Promise<StorageState | null> {
    await this.#before('finish');
    return this.inner.finish(file, size);
  }

  async createReadStream(file: StoredFile, range?: ByteRange): Promise<Readable> {
    await this.#before('createReadStream');
    return this.inner.createReadStream(file, range);
  }

  async remove(file: StoredFile): Promise<void> {
    await this.#before('remove');
    return this.inner.remove(file);
  }

  async holds(file: StoredFile, size: number): Promise<boolean> {
    await this.#before('holds');
    return this.inner.holds(file, size);
  }

  async *list(folder: string): AsyncGenerator<StoredBytes> {
    await this.#before('list');
    yield* this.inner.list(folder);
  }

  async #before(operation: StorageOperation): Promise<void> {
    const nth = (this.#counts.get(operation) ?? 0) + 1;
    this.#counts.set(operation, nth);
    await this.fault?.(operation, nth);
  }
}
