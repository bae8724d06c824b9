import type { ChecksumAlgorithm } from './algorithms.js';
import { encodeState } from './checksum-state.js';
import type { HashingSession } from './hashing-session.js';

/** What a request has committed: the state that `state(offset)` returned. */
export interface CommittedChecksum {
  readonly offset: number;
  readonly state: Buffer | null;
}

/** One request's part of a checksum. Its states follow the bytes, by at most MOST_BEHIND of them. */
export class RunningChecksum {
  #closed = false;

  constructor(
    private readonly algorithm: ChecksumAlgorithm,
    private readonly session: HashingSession,
    private readonly keep: (committed: CommittedChecksum, session: HashingSession) => void,
  ) {}

  /**
   * Takes the next bytes; to be called again only after it has resolved. The buffers may be reused
   * then: they have been hashed or copied. Waits only where it is MOST_BEHIND behind, or where no
   * memory for more is free. Does not reject for lack of a thread.
   *
   * @throws ChunkedUploadError `unavailable`: the hash itself does not work
   */
  update(buffers: readonly Uint8Array[]): Promise<void> {
    return this.session.update(buffers);
  }

  /**
   * The newest state at or before `durable`, to be committed with that offset; at most MOST_BEHIND
   * before it. Does not wait. States before it are forgotten: `durable` never goes back. Null at 0,
   * and where `durable` is more than 128 MiB before the bytes handed over.
   */
  state(durable: number): Buffer | null {
    const state = durable > 0 ? this.session.stateAt(durable) : null;
    return state && encodeState(this.algorithm, state);
  }

  /**
   * Resolves when all that was handed over has been hashed: `state` at that position is then of the
   * position itself. For storages that cannot read back.
   */
  caughtUp(): Promise<void> {
    return this.session.caughtUp();
  }

  /** The sum in lower-case hex of all bytes that were handed over. Waits for the rest. */
  digest(): Promise<string> {
    return this.session.digest();
  }

  /**
   * Ends this request's use. What was committed is kept in memory for the next chunk in this
   * process. Null: nothing was, or nobody knows; forgotten.
   */
  close(committed: CommittedChecksum | null): void {
    if (this.#closed) return;
    this.#closed = true;
    // Bytes beyond what was committed may come again as others.
    if (committed?.offset === this.session.position) this.keep(committed, this.session);
    else this.session.drop();
  }
}
