/**
 * - `waiting`: for its turn
 * - `sending`, `retrying`, `paused`, `completing`, `complete`, `failed`: as of a single upload
 * - `cancelling`: it is being removed from the server
 * - `cancelled`: it is about to be removed; this can still be undone
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

/** Why an upload has stopped. */
export interface EntryError {
  /** An `UploadErrorCode`, or a `RuleRefusal`: refused before anything was sent. */
  readonly code: string;
  /** A sentence for the user. */
  readonly message: string;
  /** Whether another try may succeed. */
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
  /** Time of the next automatic retry, in milliseconds since 1970, or `null`. */
  readonly nextTryAt: number | null;
  /** The server's response to the completed upload. */
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
