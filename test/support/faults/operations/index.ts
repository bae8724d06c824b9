import type { Operation } from '../operation.js';
import { abort } from './abort.js';
import { append } from './append.js';
import { begin, beginOwned } from './begin.js';
import { cleanUp, cleanUpKeeping, cleanUpOwnerless } from './clean-up.js';
import { complete, completeHooked } from './complete.js';
import { create } from './create.js';
import { checkpoint, firstCheckpoint } from './long-chunk.js';
import { reconciliation } from './reconciliation.js';
import { removeComplete, removeUnfinished } from './remove.js';
import { whole, wholeHooked } from './whole.js';

/** Everything that asks database or storage for more than a look. */
export const OPERATIONS: readonly Operation[] = [
  create,
  begin,
  beginOwned,
  append,
  checkpoint,
  firstCheckpoint,
  complete,
  completeHooked,
  whole,
  wholeHooked,
  removeUnfinished,
  removeComplete,
  abort,
  cleanUp,
  cleanUpKeeping,
  cleanUpOwnerless,
  reconciliation,
];
