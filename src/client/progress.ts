/** Progress of an upload. */
export interface Progress {
  /** Bytes sent: those that the server has acknowledged and those under way. Never goes back. */
  readonly sent: number;
  /** Size of the file in bytes. */
  readonly total: number;
  /** Speed over the last seconds; 0 until it has been measured. */
  readonly bytesPerSecond: number;
  /** Time left at that speed; `null` while the speed is unknown. */
  readonly secondsLeft: number | null;
}

/**
 * - `idle`: not started yet
 * - `sending`: bytes are on their way
 * - `retrying`: the last request failed and the next one follows after a pause
 * - `paused`: by `pause()`
 * - `completing`: everything has arrived; the server checks the sum and finishes
 * - `complete`, `failed`, `aborted`: the end
 */
export type UploadState =
  'idle' | 'sending' | 'retrying' | 'paused' | 'completing' | 'complete' | 'failed' | 'aborted';
