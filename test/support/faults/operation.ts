import type { Answer } from '../chunk-request.js';
import type { FaultHost } from './fault-host.js';
import type { PersistentUpload } from './persistent-upload.js';
import type { Stage } from './stage.js';

/** Null: the connection ended without an answer. */
export type Reply = Answer | null;

/** One go of an operation, on a stage where all is ready for it. */
export interface Act {
  /** The request that meets the fault, at the first process. */
  run(): Promise<Answer>;
  /**
   * What whoever asked does then, at the process `next`, while the first request may still run.
   * Throws where something is lost, wrong, or does not go on. Returns what is complete now.
   */
  recover(next: FaultHost, reply: Promise<Reply>): Promise<readonly PersistentUpload[]>;
}

export interface Operation {
  readonly name: string;
  /** How long its request takes when nothing goes wrong, in milliseconds. Default: no time. */
  readonly takesMs?: number;
  prepare(stage: Stage): Promise<Act>;
}
