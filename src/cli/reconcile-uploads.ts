import { ChunkedUploadStatus } from '../chunked-upload/chunked-upload.entity.js';
import type { Finding, MissingBytes, StrayBytes } from '../chunked-upload/engine/reconcile.js';
import type { UploadTypeHandle } from './application.js';
import { type CommandLine, EXIT } from './command-line.js';
import { writeJournal } from './journal.js';
import { count } from './text.js';

/** Holds what is stored and what is recorded against each other. */
export async function reconcileUploads(
  types: readonly UploadTypeHandle[],
  { command, dryRun, grace }: CommandLine,
  signal: AbortSignal,
): Promise<number> {
  const known = new KnownStrays();
  const all = new Tally();
  try {
    for (const { name, service } of types) {
      if (signal.aborted) break;
      console.log(`Reconciling uploads of ${name}...`);
      const tally = new Tally();
      const report = (finding: Finding): void => {
        if (finding.kind === 'stray' && (dryRun || finding.failure) && known.includes(finding))
          return;
        tally.add(finding);
        all.add(finding);
        tell(finding);
      };
      await service.reconcile({
        dryRun,
        signal,
        report,
        ...(grace === undefined ? {} : { grace }),
      });
      for (const sentence of tally.sentences(dryRun)) console.log(sentence);
    }
  } finally {
    // Also of a run that fails half-way.
    if (!dryRun) writeJournal(command, all.summary);
  }
  return all.failed + all.missing > 0 ? EXIT.failed : EXIT.done;
}

/** Types may share a folder: what stays there is found once more by each of them. */
class KnownStrays {
  readonly #known = new Set<string>();

  /** From then on it does. */
  includes({ key, size, modifiedAt }: StrayBytes): boolean {
    // Where two storages hold the same of one id, one is a copy of the other.
    const identity = `${modifiedAt.getTime()} ${size} ${key}`;
    if (this.#known.has(identity)) return true;
    this.#known.add(identity);
    return false;
  }
}

class Tally {
  removed = 0;
  bytes = 0;
  failed = 0;
  missing = 0;

  add(finding: Finding): void {
    if (finding.kind === 'missing') this.missing += 1;
    else if (finding.failure) this.failed += 1;
    else {
      this.removed += 1;
      this.bytes += finding.size;
    }
  }

  *sentences(dryRun: boolean): Generator<string> {
    const { removed, bytes, failed, missing } = this;
    const were = dryRun ? 'would be' : removed === 1 ? 'was' : 'were';
    yield `${count(removed, 'file')} without a record ${were} deleted (${count(bytes, 'byte')}).`;
    if (failed > 0) yield `${count(failed, 'file')} could not be deleted.`;
    if (missing > 0) yield `${count(missing, 'record')} without bytes; nothing was changed.`;
  }

  get summary(): string {
    const { removed, bytes, failed, missing } = this;
    const rest = failed > 0 ? `, ${failed} could not be` : '';
    const found = missing > 0 ? `, found ${count(missing, 'record')} without bytes` : '';
    return `deleted ${count(removed, 'file')} without a record, ${count(bytes, 'byte')}${rest}${found}`;
  }
}

function tell(finding: Finding): void {
  console.log(finding.kind === 'stray' ? ofStray(finding) : ofMissing(finding));
}

function ofStray({ key, size, modifiedAt, failure }: StrayBytes): string {
  const why = failure ? `, could not be deleted: ${failure.message}` : '';
  return `  no record: ${key}, ${count(size, 'byte')}, ${modifiedAt.toISOString()}${why}`;
}

function ofMissing({ id, key, status, size }: MissingBytes): string {
  const state = ChunkedUploadStatus[status].toLowerCase();
  return `  no bytes: ${id}, ${state}, ${count(size, 'byte')} at ${key}`;
}
