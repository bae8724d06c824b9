import type { ChecksumAlgorithm } from './algorithms.js';
import type { Slab } from './slab-pool.js';

/** To the thread: the next bytes of one session. Jobs are done in the order in which they come. */
export interface HashingJob {
  readonly session: number;
  readonly algorithm: ChecksumAlgorithm;
  /** Where to begin; null: at the beginning; left out: where the job before ended. */
  readonly state?: Uint8Array | null;
  readonly slabs: readonly Slab[];
  /** Sessions that have nothing in the thread any more; forgotten before the job is done. */
  readonly forget: readonly number[];
}

/** From the thread: it is up; then, for each job in turn, the state after its bytes. */
export type HashingReply = 'ready' | Uint8Array;
