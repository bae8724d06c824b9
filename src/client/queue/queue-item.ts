import { type UploadErrorCode } from '../upload-error.js';
import { type Refusal } from './file-rules.js';

/**
 * - `waiting`: for its turn
 * - `sending`, `retrying`, `paused`, `completing`, `complete`, `failed`: as of a single upload
 * - `cancelling`: it is being removed from the server
 */
export type QueueItemState =
  | 'waiting'
  | 'sending'
  | 'retrying'
  | 'paused'
  | 'completing'
  | 'cancelling'
  | 'complete'
  | 'failed';

/** Why an upload does not go on at the moment, or at all. */
export interface QueueItemError {
  readonly code: UploadErrorCode | Refusal;
  /** A sentence that can be shown. */
  readonly message: string;
  /** Whether the same may succeed at another try: only then offer one. */
  readonly canRetry: boolean;
}

/** One file of a queue. Never changes: there is a new object whenever something differs. */
export interface QueueItem {
  /** Different for each, and the same for as long as it is in the queue. */
  readonly key: string;
  readonly file: File;
  readonly name: string;
  /** Such as `Photos/2026`; empty: none. */
  readonly folder: string;
  /** Size in bytes. */
  readonly total: number;
  readonly state: QueueItemState;
  /** Bytes; never goes back. */
  readonly sent: number;
  /** 0 while unknown. */
  readonly bytesPerSecond: number;
  /** `null` while unknown. */
  readonly secondsLeft: number | null;
  /** Of the last try that failed; `null` when things go well. */
  readonly error: QueueItemError | null;
  /** When the next try comes by itself, in milliseconds since 1970; else `null`. */
  readonly nextTryAt: number | null;
  /** What the server's completion answered: the representation unless `onComplete` returns another. */
  readonly answer: unknown;
}

/** A queue at one moment. The same object until something differs. */
export interface QueueSnapshot {
  /** In the order in which they were added. */
  readonly items: readonly QueueItem[];
  /** How many items there are in each state. */
  readonly counts: Readonly<Record<QueueItemState, number>>;
  /** Bytes sent of all items. */
  readonly sent: number;
  /** Bytes of all items; of those that have failed only what was sent. */
  readonly total: number;
  /** Of all together over the last seconds; 0 while unknown. */
  readonly bytesPerSecond: number;
  /** For all together at that speed; `null` while unknown. */
  readonly secondsLeft: number | null;
}
