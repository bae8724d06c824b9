import { ChunkedUploadStatus } from '../chunked-upload/chunked-upload.entity.js';
import type { Finding } from '../chunked-upload/engine/reconcile.js';
import type { UploadTypeHandle } from './application.js';
import { type CommandLine, EXIT } from './command-line.js';
import { count } from './text.js';

/** Holds what is stored and what is recorded against each other. */
export async function reconcileUploads(
  types: readonly UploadTypeHandle[],
  { dryRun, grace }: CommandLine,
  signal: AbortSignal,
): Promise<number> {
  let failures = 0;
  for (const { name, service } of types) {
    if (signal.aborted) break;
    console.log(`Reconciling uploads of ${name}...`);
    const { removed, bytes, failed, missing } = await service.reconcile({
      dryRun,
      signal,
      report: tell,
      ...(grace === undefined ? {} : { grace }),
    });
    const were = dryRun ? 'would be' : removed === 1 ? 'was' : 'were';
    const size = count(bytes, 'byte');
    console.log(`${count(removed, 'file')} without a record ${were} deleted (${size}).`);
    if (failed > 0) console.log(`${count(failed, 'file')} could not be deleted.`);
    if (missing > 0) console.log(`${count(missing, 'record')} without bytes; nothing was changed.`);
    failures += failed + missing;
  }
  return failures > 0 ? EXIT.failed : EXIT.done;
}

function tell(finding: Finding): void {
  const { kind, key, size } = finding;
  if (kind === 'stray') {
    const { modifiedAt, failure } = finding;
    const why = failure ? `, could not be deleted: ${failure.message}` : '';
    console.log(`  no record: ${key}, ${count(size, 'byte')}, ${modifiedAt.toISOString()}${why}`);
    return;
  }
  const status = ChunkedUploadStatus[finding.status].toLowerCase();
  console.log(`  no bytes: ${finding.id}, ${status}, ${count(size, 'byte')} at ${key}`);
}
