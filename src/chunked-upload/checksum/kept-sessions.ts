import type { HashingSession } from './hashing-session.js';
import type { ChecksumState } from './checksum-state.js';

/** About 500 bytes each. */
const MOST_KEPT = 4096;

/** What was committed of an upload: as it stands in the row. */
export interface Committed {
  readonly offset: number;
  readonly state: Uint8Array | null;
}

interface Kept {
  readonly owner: object;
  readonly offset: number;
  /** States as strings of one byte a character: a small typed array costs three times as much. */
  readonly state: string | null;
  /** While it still has bytes on their way. */
  session: HashingSession | null;
  inner: string | null;
}

/**
 * The checksums of uploads that wait for their next chunk in this process, so that it need not read
 * back what had no state yet at the commit. The oldest make room.
 */
export class KeptSessions {
  readonly #kept = new Map<string, Kept>();

  constructor(private readonly most = MOST_KEPT) {}

  put(owner: object, id: string, committed: Committed, session: HashingSession): void {
    const { offset } = committed;
    const state = packed(committed.state);
    const kept: Kept = { owner, offset, state, session, inner: null };
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    if (this.#kept.size > this.most) {
      for (const oldest of this.#kept.keys()) {
        this.#kept.delete(oldest);
        break;
      }
    }
    if (session.behind) session.caughtUp().then(() => settle(kept), ignore);
    else settle(kept);
  }

  /**
   * Takes out what was kept of an upload, if it is of the state that stands in the row: else another
   * process has gone on with it.
   */
  take(
    owner: object,
    id: string,
    row: Committed,
    restore: (state: ChecksumState) => HashingSession,
  ): HashingSession | null {
    const kept = this.#kept.get(id);
    if (kept?.owner !== owner) return null;
    this.#kept.delete(id);
    if (kept.offset !== row.offset || kept.state !== packed(row.state)) return null;
    const { session, offset, inner } = kept;
    // Its state is not taken over once it is in use again.
    kept.session = null;
    return session ?? restore({ position: offset, inner: unpacked(inner) });
  }
}

/** Keeps of a session that has caught up no more than its state. */
function settle(kept: Kept): void {
  if (!kept.session) return;
  kept.inner = packed(kept.session.newest.inner);
  kept.session = null;
}

function ignore(): void {
  // It failed, and says so to the next who uses it.
}

function packed(bytes: Uint8Array | null): string | null {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function unpacked(text: string | null): Uint8Array | null {
  // A copy: a small Buffer holds all of the larger one that it was cut from.
  return text === null ? null : new Uint8Array(Buffer.from(text, 'latin1'));
}
