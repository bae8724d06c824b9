/**
 * - `waiting`: for its turn
 * - `sending`, `retrying`, `paused`, `completing`, `complete`, `failed`: as of a single upload
 * - `cancelling`: it is being removed from the server
 * - `cancelled`: it is about to be removed, and can still be had back
 */
export type EntryState =
  | 'waiting'
  | 'sending'
  | 'retrying'
  | 'paused'
  | 'completing'
  | 'complete'
  | 'failed'
  | 'cancelling'
  | 'cancelled';

/** Why an upload does not go on. */
export interface EntryError {
  /** An `UploadErrorCode`, or a `RuleRefusal`: refused before anything was sent. */
  readonly code: string;
  /** A sentence that can be shown. */
  readonly message: string;
  /** Whether the same can succeed when it is tried again. */
  readonly canRetry: boolean;
}

/** One file of the list, as it is shown. A new object whenever something differs. */
export interface Entry {
  readonly key: string;
  readonly file: File;
  readonly name: string;
  /** The folder that it was chosen in, such as `Photos/2026`; empty: none. */
  readonly folder: string;
  readonly state: EntryState;
  /** Bytes. */
  readonly sent: number;
  /** 0: not measured yet. */
  readonly bytesPerSecond: number;
  readonly secondsLeft: number | null;
  readonly error: EntryError | null;
  /** Milliseconds since 1970, when the next try begins by itself. */
  readonly nextTryAt: number | null;
  /** What the server's completion answered. */
  readonly answer: unknown;
}

/** What can be done to one file. */
export type EntryAction =
  | 'cancel'
  | 'chooseAgain'
  | 'download'
  | 'hide'
  | 'pause'
  | 'remove'
  | 'resume'
  | 'retry'
  | 'tryNow'
  | 'undo';

/** All files together. */
export interface Totals {
  readonly files: number;
  readonly complete: number;
  readonly failed: number;
  readonly paused: number;
  readonly retrying: number;
  /** Those that are sent, checked, or wait for their turn. */
  readonly active: number;
  /** Bytes of all that has not failed. */
  readonly size: number;
  readonly sent: number;
}

const ACTIVE: readonly EntryState[] = ['completing', 'retrying', 'sending', 'waiting'];

export function totalsOf(entries: readonly Entry[]): Totals {
  const totals = { files: 0, complete: 0, failed: 0, paused: 0, retrying: 0, active: 0 };
  let [size, sent] = [0, 0];
  for (const entry of entries) {
    const { state } = entry;
    if (state === 'cancelled' || state === 'cancelling') continue;
    totals.files += 1;
    if (ACTIVE.includes(state)) totals.active += 1;
    if (state === 'complete' || state === 'failed' || state === 'paused' || state === 'retrying') {
      totals[state] += 1;
    }
    if (state === 'failed') continue;
    size += entry.file.size;
    sent += state === 'complete' ? entry.file.size : entry.sent;
  }
  return { ...totals, size, sent };
}
