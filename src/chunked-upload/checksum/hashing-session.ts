import { setImmediate } from 'node:timers/promises';
import type { IHasher } from 'hash-wasm';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { ChecksumAlgorithm } from './algorithms.js';
import type { ChecksumState } from './checksum-state.js';
import { digestAt, hashOn } from './hasher.js';
import type { HashingThread } from './hashing-thread.js';
import type { HashingThreads } from './hashing-threads.js';
import { SLAB_BYTES, type Slab, bytesIn } from './slab-pool.js';
import { StateHistory } from './state-history.js';

/** At most so many bytes may lie between the newest state and the bytes handed over, and be read back. */
export const MOST_BEHIND = 8 * 1024 * 1024;

/** Less than this is hashed before another thread has been told about it. */
const WORTH_A_THREAD = 128 * 1024;
/** A message to a thread costs more than a slab's bytes, so they go in fours. */
const JOB_SLABS = 4;
const JOB_BYTES = JOB_SLABS * SLAB_BYTES;
/** With one job waiting behind another the thread never idles; small ones gather meanwhile. */
const JOBS_AHEAD = 2;

interface SentJob {
  readonly slabs: readonly Slab[];
  /** The position after its bytes. */
  readonly end: number;
}

let sessions = 0;

/**
 * One upload's bytes on their way through a hasher: hashed where they are while little comes, copied
 * and sent to a thread otherwise. It stays with one thread while that has work of it. Bytes are kept
 * until their state has come: when the thread is lost, they are hashed again elsewhere.
 */
export class HashingSession {
  readonly #number = (sessions += 1);
  readonly #history: StateHistory;
  #position: number;
  /** Filled, and not sent yet; into the last of them more may be filled. */
  #filled: Slab[] = [];
  #sent: SentJob[] = [];
  #thread: HashingThread | null = null;
  #waiting: (() => void)[] = [];
  #dropped = false;
  #failure: Error | null = null;

  constructor(
    private readonly algorithm: ChecksumAlgorithm,
    private readonly hasher: IHasher,
    private readonly threads: HashingThreads,
    from: ChecksumState,
  ) {
    this.#history = new StateHistory(from);
    this.#position = from.position;
  }

  /** After the bytes that were handed over. */
  get position(): number {
    return this.#position;
  }

  get newest(): ChecksumState {
    return this.#history.newest;
  }

  /** Whether some bytes have no state yet. */
  get behind(): boolean {
    return this.#sent.length > 0 || this.#filled.length > 0;
  }

  /** Takes the next bytes; to be called again only after it has resolved. */
  async update(buffers: readonly Uint8Array[]): Promise<void> {
    const size = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    const here = !this.behind && (size < WORTH_A_THREAD || !this.threads.free());
    await (here ? this.#hashHere(buffers) : this.#handOver(buffers));
    this.#assertUsable();
  }

  /** The newest state at or before `position`; older ones are dropped. */
  stateAt(position: number): ChecksumState | null {
    return this.#history.at(position);
  }

  async caughtUp(): Promise<void> {
    this.#send('all');
    while (this.behind) await this.#progress();
    this.#assertUsable();
  }

  async digest(): Promise<string> {
    await this.caughtUp();
    return digestAt(this.hasher, this.newest.inner);
  }

  /** Gives up what has not been sent; what has been is given back when it is answered. */
  drop(): void {
    this.#dropped = true;
    this.threads.slabs.give(this.#filled);
    this.#filled = [];
    this.#wake();
  }

  async #hashHere(buffers: readonly Uint8Array[]): Promise<void> {
    let hashed = 0;
    for (const pieces of inParts(buffers, JOB_BYTES)) {
      // Others get their turn between the parts of a large batch.
      if (hashed > 0) await setImmediate();
      if (this.#dropped) return;
      for (const bytes of pieces) hashed += bytes.length;
      this.#hash(pieces);
      this.#position = this.newest.position;
    }
  }

  async #handOver(buffers: readonly Uint8Array[]): Promise<void> {
    for (const buffer of buffers) {
      for (let start = 0; start < buffer.length;) {
        let slab = this.#filled.at(-1);
        if (!slab || slab.length === SLAB_BYTES) {
          slab = await this.#nextSlab();
          if (this.#dropped) return this.threads.slabs.give([slab]);
          this.#filled.push(slab);
        }
        const part = buffer.subarray(start, start + SLAB_BYTES - slab.length);
        new Uint8Array(slab.bytes).set(part, slab.length);
        slab.length += part.length;
        start += part.length;
        this.#position += part.length;
        const whole = this.#filled.length === JOB_SLABS && slab.length === SLAB_BYTES;
        if (whole) this.#send('whole jobs');
      }
    }
    this.#send('for an idle thread');
  }

  /** An empty slab, once one is free and its bytes would not be too many. */
  async #nextSlab(): Promise<Slab> {
    while (!this.#dropped && this.#position + SLAB_BYTES - this.newest.position > MOST_BEHIND) {
      this.#send('all');
      if (this.behind) await this.#progress();
    }
    const free = this.threads.slabs.take();
    if (free) return free;
    // Nothing of ours may lie here unsent: others wait for it too.
    this.#send('all');
    return this.threads.slabs.wait();
  }

  /** Sends what has been filled: whole jobs always, less only if the thread would soon idle, or all. */
  #send(what: 'whole jobs' | 'for an idle thread' | 'all'): void {
    while (this.#filled.length > 0) {
      const soonIdle = what === 'for an idle thread' && this.#sent.length < JOBS_AHEAD;
      const whole = this.#filled.length >= JOB_SLABS;
      if (!whole && !soonIdle && what !== 'all') return;
      this.#sendJob(this.#filled.splice(0, JOB_SLABS));
    }
  }

  #sendJob(slabs: readonly Slab[]): void {
    const last = this.#sent.at(-1);
    const thread = last ? this.#thread : this.threads.free();
    if (!thread) {
      this.#hash(slabs.map(bytesIn));
      this.threads.slabs.give(slabs);
      return;
    }
    const bytes = slabs.reduce((sum, { length }) => sum + length, 0);
    const job = { slabs, end: (last?.end ?? this.newest.position) + bytes };
    const from = last ? {} : { state: this.newest.inner };
    this.#thread = thread;
    this.#sent.push(job);
    const { algorithm } = this;
    thread.run({ session: this.#number, algorithm, slabs, ...from }, (state) =>
      state ? this.#answered(job, state) : this.#lost(job),
    );
  }

  #answered(job: SentJob, state: Uint8Array): void {
    this.#history.add({ position: job.end, inner: state });
    this.#sent.shift();
    this.threads.slabs.give(job.slabs);
    if (this.#sent.length === 0) this.#thread?.forget(this.#number);
    this.#send('for an idle thread');
    this.#wake();
  }

  #lost(job: SentJob): void {
    // All jobs were in the same thread, and were sent again with the first of them.
    if (!this.#sent.includes(job)) return;
    const slabs = this.#sent.flatMap((each) => each.slabs);
    this.#sent = [];
    if (this.#dropped) {
      this.threads.slabs.give(slabs);
    } else {
      this.#filled.unshift(...slabs);
      this.#send('all');
    }
    this.#wake();
  }

  #hash(pieces: readonly Uint8Array[]): void {
    if (this.#failure) return;
    try {
      const { position, inner } = this.newest;
      const length = pieces.reduce((sum, bytes) => sum + bytes.length, 0);
      const after = hashOn(this.hasher, inner, pieces);
      this.#history.add({ position: position + length, inner: after });
    } catch (error) {
      this.#failure = ChunkedUploadError.unavailable('The checksum could not be computed', error);
      this.drop();
    }
  }

  #progress(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #assertUsable(): void {
    if (this.#failure) throw this.#failure;
    if (this.#dropped) throw new Error('The checksum has been closed');
  }
}

/** The same bytes in parts of at most `most`. */
function* inParts(buffers: readonly Uint8Array[], most: number): Generator<Uint8Array[]> {
  let part: Uint8Array[] = [];
  let size = 0;
  for (const buffer of buffers) {
    for (let start = 0; start < buffer.length;) {
      const piece = buffer.subarray(start, start + most - size);
      part.push(piece);
      size += piece.length;
      start += piece.length;
      if (size < most) continue;
      yield part;
      part = [];
      size = 0;
    }
  }
  if (size > 0) yield part;
}
