import type { IHasher } from 'hash-wasm';
import type { HasherPool } from './hasher-pool.js';
import { HashingThread, type ThreadedHasher } from './hashing-thread.js';

// Less than this is hashed before another thread has been told about it.
const WORTH_A_THREAD = 128 * 1024;

/** One request's part of a checksum: here while little comes, in the hashing thread for more. */
export class RunningChecksum {
  #here: IHasher | null;
  #there: ThreadedHasher | null = null;
  /** The state before the last update, as far as that was made here. */
  #before: Uint8Array | null = null;
  #undone = false;

  constructor(
    private readonly pool: HasherPool,
    hasher: IHasher,
  ) {
    this.#here = hasher;
  }

  /** Takes the next bytes. The buffers may be reused once it has returned. */
  async update(buffers: readonly Uint8Array[]): Promise<void> {
    if (this.#here && size(buffers) >= WORTH_A_THREAD) this.#moveToThread(this.#here);
    if (this.#there) return this.#there.update(buffers);
    this.#before = this.#here?.save() ?? null;
    for (const buffer of buffers) this.#here?.update(buffer);
  }

  /** Takes the last update back; nothing but `save` may follow. */
  undo(): void {
    this.#undone = true;
  }

  async save(): Promise<Uint8Array> {
    if (this.#there) return this.#there.save(this.#undone);
    const state = this.#undone ? this.#before : this.#here?.save();
    if (!state) throw new Error('The checksum has been closed');
    return state;
  }

  close(): void {
    this.#there?.close();
    if (this.#here) this.pool.give(this.#here);
    this.#here = null;
    this.#there = null;
  }

  #moveToThread(hasher: IHasher): void {
    this.#there = HashingThread.shared().begin(this.pool.algorithm, hasher.save());
    if (!this.#there) return;
    this.pool.give(hasher);
    this.#here = null;
  }
}

function size(buffers: readonly Uint8Array[]): number {
  return buffers.reduce((sum, buffer) => sum + buffer.length, 0);
}
