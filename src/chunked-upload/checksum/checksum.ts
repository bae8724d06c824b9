import type { IHasher } from 'hash-wasm';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { ChecksumAlgorithm } from './algorithms.js';
import { BEGINNING, type ChecksumState, decodeState } from './checksum-state.js';
import { hasherOf, understands } from './hasher.js';
import { HashingSession, MOST_BEHIND } from './hashing-session.js';
import { HashingThreads } from './hashing-threads.js';
import { KeptSessions } from './kept-sessions.js';
import { RunningChecksum } from './running-checksum.js';

export { MOST_BEHIND } from './hashing-session.js';

/** Reads bytes that the storage holds of an unfinished upload: from `start` up to, not including, `end`. */
export type ReadBack = (start: number, end: number) => Promise<AsyncIterable<Uint8Array>>;

/** What the row says of an upload. */
export interface ChecksumRow {
  readonly id: string;
  readonly state: Uint8Array | null;
  /** Bytes that are committed. */
  readonly offset: number;
}

/** Of all upload types: their number is what memory bounds. */
const kept = new KeptSessions();

/**
 * The checksum of a file that grows over many requests and processes. Its state is small, is saved
 * with the offset, of which it may be a little behind, and continues anywhere; that is why
 * completing an upload reads back little or nothing.
 */
export class Checksum {
  constructor(
    readonly algorithm: ChecksumAlgorithm,
    private readonly threads = HashingThreads.shared(),
  ) {}

  /**
   * Goes on at the committed offset: with the running one that this process still has, if its state
   * is the one in the row; else from that state, after what lies between has been read back. A state
   * that is missing, broken, or another algorithm's counts as one at position 0.
   *
   * @param readBack null where the storage cannot
   * @throws ChunkedUploadError `checksum_state_lost`: more than MOST_BEHIND would have to be read
   * back, or anything at all where that cannot be done; `bytes_missing`: the storage has fewer
   */
  async resume(row: ChecksumRow, readBack: ReadBack | null): Promise<RunningChecksum> {
    const session = await this.#session(row, readBack);
    return new RunningChecksum(this.algorithm, session, (committed, running) =>
      kept.put(this, row.id, committed, running),
    );
  }

  /** The sum in lower-case hex of all bytes up to `offset`. Throws as `resume` does. */
  async digest(row: ChecksumRow, readBack: ReadBack | null): Promise<string> {
    const session = await this.#session(row, readBack);
    const sum = await session.digest();
    // A completion that is refused is tried again.
    kept.put(this, row.id, row, session);
    return sum;
  }

  async #session(row: ChecksumRow, readBack: ReadBack | null): Promise<HashingSession> {
    const hasher = await hasherOf(this.algorithm).catch(unavailable);
    const begin = (state: ChecksumState) =>
      new HashingSession(this.algorithm, hasher, this.threads, state);
    const running = kept.take(this, row.id, row, begin);
    if (running) return running;
    const from = this.#stateOf(row, hasher);
    const missing = row.offset - from.position;
    if (missing > MOST_BEHIND) throw ChunkedUploadError.checksumStateLost();
    const session = begin(from);
    if (missing === 0) return session;
    if (!readBack) throw ChunkedUploadError.checksumStateLost();
    try {
      await catchUp(session, row.offset, readBack);
      return session;
    } catch (error) {
      session.drop();
      throw error;
    }
  }

  #stateOf({ state, offset }: ChecksumRow, hasher: IHasher): ChecksumState {
    const known = state && decodeState(state, this.algorithm, offset);
    if (!known || known.position > offset) return BEGINNING;
    if (!known.inner) return known;
    // A copy: a small Buffer holds all of the larger one that it was cut from.
    const inner = new Uint8Array(known.inner);
    return understands(hasher, inner) ? { ...known, inner } : BEGINNING;
  }
}

async function catchUp(session: HashingSession, end: number, readBack: ReadBack): Promise<void> {
  for await (const bytes of await readBack(session.position, end)) {
    const missing = end - session.position;
    if (bytes.length > missing) throw new Error(`More than ${missing} bytes were read back`);
    await session.update([bytes]);
  }
  if (session.position < end) {
    const lack = new Error(`${end - session.position} bytes could not be read back`);
    throw ChunkedUploadError.bytesMissing(lack);
  }
}

function unavailable(cause: unknown): never {
  throw ChunkedUploadError.unavailable('The checksum could not be computed', cause);
}

/** Sums are compared without regard to case and surrounding blanks. */
export function sameChecksum(left: string, right: string): boolean {
  return left.trim().toLowerCase() === right.trim().toLowerCase();
}
