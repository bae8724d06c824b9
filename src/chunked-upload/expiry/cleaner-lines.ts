import type { CleanedUp } from '../engine/cleaner.js';
import type { ReconcileResult } from '../engine/reconcile.js';

/** What the log says of a clean-up of the type of this name. */
export function cleanedUpLine(name: string, done: CleanedUp): string {
  const kinds = ['expired', 'unfinished', 'ownerless'] as const;
  const parts = kinds.filter((kind) => done[kind] > 0).map((kind) => `${done[kind]} ${kind}`);
  const sum = done.expired + done.unfinished + done.ownerless;
  const what = `${parts.join(' and ')} ${sum === 1 ? 'upload' : 'uploads'} of "${name}"`;
  return `Removed ${done.keepRecord ? 'the bytes of ' : ''}${what} (${done.bytes} bytes)`;
}

/** What it says of a reconciliation. */
export function reconciledLine(name: string, result: ReconcileResult): string {
  const { removed, bytes, failed, missing } = result;
  return (
    `Reconciled "${name}": removed ${removed} without a record (${bytes} bytes), ` +
    `${failed} could not be removed, ${missing} records lack their bytes`
  );
}
