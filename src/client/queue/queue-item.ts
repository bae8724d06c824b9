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

/** Why an upload has stopped, for the moment or for good. */
export interface QueueItemError {
  readonly code: UploadErrorCode | Refusal;
  /** A sentence for the user. */
  readonly message: string;
  /** Whether another try may succeed. Offer a retry only then. */
  readonly canRetry: boolean;
}

/** One file of a queue. Immutable: every change makes a new object. */
export interface QueueItem {
  /** Unique, and stays the same while the file is in the queue. */
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
  /** Why the last try failed; `null` if it did not. */
  readonly error: QueueItemError | null;
  /** Time of the next automatic retry, in milliseconds since 1970, or `null`. */
  readonly nextTryAt: number | null;
  /** The server's response to the completed upload: the representation, or what `onComplete` returned. */
  readonly answer: unknown;
}

/** A queue at one moment. The same object until something changes. */
export interface QueueSnapshot {
  /** In the order in which they were added. */
  readonly items: readonly QueueItem[];
  /** How many items there are in each state. */
  readonly counts: Readonly<Record<QueueItemState, number>>;
  /** Bytes sent of all items. */
  readonly sent: number;
  /** Bytes of all items; of failed ones, only the bytes that were sent. */
  readonly total: number;
  /** Speed of all items together over the last seconds; 0 while unknown. */
  readonly bytesPerSecond: number;
  /** Until all items are sent, at that speed; `null` while unknown. */
  readonly secondsLeft: number | null;
}
