import type { Readable } from 'node:stream';
import {
  type ByteRange,
  type FinishOptions,
  type OpenOptions,
  type ReadOptions,
  StorageProvider,
  type StorageState,
  type StorageWriter,
  type StoredBytes,
  type StoredFile,
} from '../storage/storage.provider.js';

/** `finish` is also that of a writer. */
export type StorageOperation =
  | 'open'
  | 'write'
  | 'sync'
  | 'finish'
  | 'createReadStream'
  | 'readUnfinished'
  | 'remove'
  | 'holds'
  | 'list';

/** Called at each operation: throws to fail it, waits to delay it. `nth` counts from 1. */
export type Fault = (operation: StorageOperation, nth: number) => void | Promise<void>;

/** Whether a call fails before it has done anything, or after it has done all. */
export type FaultMoment = 'before' | 'after';

/** A real storage that fails when it is told to. */
export class FaultInjectingStorage extends StorageProvider {
  /** What goes wrong from now on before an operation has done anything; null: nothing. */
  fault: Fault | null = null;
  /** What goes wrong from now on after an operation took effect; null: nothing. */
  faultAfter: Fault | null = null;
  readonly #counts = new Map<StorageOperation, number>();

  override readonly largestFile?: number;
  /** Only where the inner storage has it. */
  override readUnfinished?(
    file: StoredFile,
    range: ByteRange,
    options?: ReadOptions,
  ): Promise<Readable>;
  /** Only where the inner storage has it. No operation, as `remove` is one. */
  override removeLeftovers?(file: StoredFile): Promise<void>;
  /** Only where the inner storage has it. No operation: it is asked before any upload. */
  override check?(): Promise<string | null | void>;

  constructor(private readonly inner: StorageProvider) {
    super();
    const readUnfinished = inner.readUnfinished?.bind(inner);
    if (readUnfinished) {
      this.readUnfinished = (file, range, options) =>
        this.#stream('readUnfinished', () => readUnfinished(file, range, options));
    }
    const check = inner.check?.bind(inner);
    if (check) this.check = check;
    const removeLeftovers = inner.removeLeftovers?.bind(inner);
    if (removeLeftovers) this.removeLeftovers = removeLeftovers;
    if (inner.largestFile !== undefined) this.largestFile = inner.largestFile;
  }

  /** Fails the next call of `operation` with `error`, and only that one. */
  failNext(operation: StorageOperation, error: Error, moment: FaultMoment = 'before'): void {
    this.#next(operation, moment, () => {
      throw error;
    });
  }

  /**
   * Lets the next call of `operation` hang, and only that one, until the returned function is
   * called: then it goes on, late. Hanging `after`, it has taken effect all the while.
   */
  hangNext(operation: StorageOperation, moment: FaultMoment = 'before'): () => void {
    let wake = (): void => undefined;
    const awake = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#next(operation, moment, () => awake);
    return wake;
  }

  async open(file: StoredFile, options: OpenOptions): Promise<StorageWriter> {
    const writer = await this.#call(
      'open',
      () => this.inner.open(file, options),
      (opened) => opened.close(),
    );
    const finish = writer.finish?.bind(writer);
    const committed = writer.committed?.bind(writer);
    return {
      write: (buffers) => this.#call('write', () => writer.write(buffers)),
      sync: () => this.#call('sync', () => writer.sync()),
      ...(finish && { finish: () => this.#call('finish', finish) }),
      ...(committed && { committed }),
      close: () => writer.close(),
    };
  }

  async finish(
    file: StoredFile,
    size: number,
    options: FinishOptions,
  ): Promise<StorageState | null> {
    return this.#call('finish', () => this.inner.finish(file, size, options));
  }

  async createReadStream(
    file: StoredFile,
    range?: ByteRange,
    options?: ReadOptions,
  ): Promise<Readable> {
    const open = () => this.inner.createReadStream(file, range, options);
    return this.#stream('createReadStream', open);
  }

  async remove(file: StoredFile): Promise<void> {
    return this.#call('remove', () => this.inner.remove(file));
  }

  async holds(file: StoredFile, size: number): Promise<boolean> {
    return this.#call('holds', () => this.inner.holds(file, size));
  }

  async *list(folder: string): AsyncGenerator<StoredBytes> {
    const nth = this.#count('list');
    await this.fault?.('list', nth);
    yield* this.inner.list(folder);
    await this.faultAfter?.('list', nth);
  }

  #next(operation: StorageOperation, moment: FaultMoment, fault: () => void | Promise<void>): void {
    const property = moment === 'before' ? 'fault' : 'faultAfter';
    this[property] = (called) => {
      if (called !== operation) return;
      this[property] = null;
      return fault();
    };
  }

  async #stream(operation: StorageOperation, read: () => Promise<Readable>): Promise<Readable> {
    return this.#call(operation, read, (stream) => stream.destroy());
  }

  /** `drop`: what becomes of an answer that nobody gets. */
  async #call<R>(
    operation: StorageOperation,
    run: () => Promise<R>,
    drop?: (answer: R) => unknown,
  ): Promise<R> {
    const nth = this.#count(operation);
    await this.fault?.(operation, nth);
    const answer = await run();
    try {
      await this.faultAfter?.(operation, nth);
    } catch (error) {
      await drop?.(answer);
      throw error;
    }
    return answer;
  }

  #count(operation: StorageOperation): number {
    const nth = (this.#counts.get(operation) ?? 0) + 1;
    this.#counts.set(operation, nth);
    return nth;
  }
}
