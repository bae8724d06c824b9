import type { AbstractChunkedUpload } from '../chunked-upload/chunked-upload.entity.js';
import type { Removal, RemoveExpiredOptions } from '../chunked-upload/engine/remove-expired.js';
import type { UploadTypeHandle } from './application.js';
import { type CommandLine, EXIT, UsageError, asksOnce, unanswered } from './command-line.js';
import { writeJournal } from './journal.js';
import { Questions } from './questions.js';
import { count, describe } from './text.js';

const KINDS = {
  expired: 'expired upload',
  unfinished: 'unfinished upload',
  ownerless: 'upload without an owner',
} satisfies Record<Removal['reason'], string>;

/** The meaning of drf-chunked-upload's management command of this name. */
export async function deleteExpiredUploads(
  types: readonly UploadTypeHandle[],
  line: CommandLine,
  signal: AbortSignal,
): Promise<number> {
  const questions = new Questions(() => unanswered(line));
  try {
    return await deleteAsking(questions, types, line, signal);
  } finally {
    questions.close();
  }
}

async function deleteAsking(
  questions: Questions,
  types: readonly UploadTypeHandle[],
  line: CommandLine,
  signal: AbortSignal,
): Promise<number> {
  const { unfinished, keepRecord, dryRun } = line;
  const asksEach = line.interactive && !dryRun;
  if (asksOnce(line) && !(await confirmUnfinished(questions, types))) {
    console.log('Nothing was deleted.');
    return EXIT.done;
  }
  const each = new EachUpload(questions);
  const stop = AbortSignal.any([signal, each.quit]);
  const tallies: Tally[] = [];
  try {
    for (const { name, service } of types) {
      if (stop.aborted) break;
      console.log(`Processing uploads of ${name}...`);
      const tally = new Tally(line);
      tallies.push(tally);
      const options: RemoveExpiredOptions = {
        unfinished,
        keepRecord,
        dryRun,
        signal: stop,
        report: (removal) => tally.add(removal),
        ...(asksEach ? { confirm: (upload) => each.confirm(upload, keepRecord) } : {}),
      };
      await service.removeExpired(options);
      for (const sentence of tally.sentences()) console.log(sentence);
    }
  } finally {
    // Also of a run that fails half-way.
    writeDown(tallies, line);
  }
  if (each.unanswered) throw each.unanswered;
  return tallies.some(({ failed }) => failed > 0) ? EXIT.failed : EXIT.done;
}

function writeDown(tallies: readonly Tally[], { command, dryRun, keepRecord }: CommandLine): void {
  const sum = (of: (tally: Tally) => number) => tallies.reduce((all, each) => all + of(each), 0);
  const uploads = sum(({ deleted }) => deleted);
  const failed = sum((tally) => tally.failed);
  if (dryRun || uploads + failed === 0) return;
  const what = count(uploads, keepRecord ? 'file' : 'upload');
  const rest = failed > 0 ? `, ${failed} could not be` : '';
  writeJournal(
    command,
    `deleted ${what}, ${count(
      sum(({ bytes }) => bytes),
      'byte',
    )}${rest}`,
  );
}

async function confirmUnfinished(
  questions: Questions,
  types: readonly UploadTypeHandle[],
): Promise<boolean> {
  let uploads = 0;
  const report = ({ reason }: Removal): void => {
    if (reason === 'unfinished') uploads += 1;
  };
  for (const { service } of types) {
    await service.removeExpired({ unfinished: true, dryRun: true, report });
  }
  if (uploads === 0) return true;
  const which = 'also those that have not expired yet';
  const question = `${count(uploads, 'unfinished upload')} will be deleted, ${which}. Go on?`;
  return (await questions.ask(question, ['yes', 'no'], 'no')) === 'yes';
}

/** Asks for each upload, until the answer is for all. */
class EachUpload {
  /** Why it has ended without an answer; null: it has not. */
  unanswered: UsageError | null = null;
  readonly #quit = new AbortController();
  #all = false;

  constructor(private readonly questions: Questions) {}

  get quit(): AbortSignal {
    return this.#quit.signal;
  }

  async confirm(upload: AbstractChunkedUpload, keepRecord: boolean): Promise<boolean> {
    if (this.#all) return true;
    const what = keepRecord ? 'the bytes of ' : '';
    const question = `Do you want to delete ${what}${describe(upload)}?`;
    const answer = await this.#ask(question);
    this.#all = answer === 'all';
    if (answer === 'quit') this.#quit.abort();
    return answer === 'yes' || answer === 'all';
  }

  async #ask(question: string): Promise<'yes' | 'no' | 'all' | 'quit'> {
    try {
      return await this.questions.ask(question, ['yes', 'no', 'all', 'quit'], 'quit');
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      // First what was done by then is told.
      this.unanswered = error;
      return 'quit';
    }
  }
}

/** Counts what was done to one type's uploads, and says it. */
class Tally {
  failed = 0;
  bytes = 0;
  readonly #removed = { expired: 0, unfinished: 0, ownerless: 0 };

  constructor(private readonly line: CommandLine) {}

  /** For whatever reason. */
  get deleted(): number {
    const { expired, unfinished, ownerless } = this.#removed;
    return expired + unfinished + ownerless;
  }

  add({ upload, reason, failure }: Removal): void {
    if (failure) {
      this.failed += 1;
      console.error(`Could not be deleted: ${describe(upload)}: ${failure.message}`);
      return;
    }
    this.#removed[reason] += 1;
    this.bytes += upload.offset;
    if (this.line.dryRun) console.log(`  ${describe(upload)}`);
  }

  *sentences(): Generator<string> {
    const { dryRun, keepRecord, unfinished } = this.line;
    const { expired, unfinished: live, ownerless } = this.#removed;
    const kinds = [[unfinished ? live : expired, unfinished ? KINDS.unfinished : KINDS.expired]];
    if (ownerless > 0) kinds.push([ownerless, KINDS.ownerless]);
    for (const [number, kind] of kinds as [number, string][]) {
      const were = dryRun ? 'would be' : number === 1 ? 'was' : 'were';
      yield `${count(number, keepRecord ? `${kind} file` : kind)} ${were} deleted.`;
    }
    if (this.bytes > 0) {
      yield `That ${dryRun ? 'would free' : 'freed'} ${count(this.bytes, 'byte')}.`;
    }
    if (this.failed > 0) {
      yield `${count(this.failed, 'upload')} could not be deleted; the next run finds them again.`;
    }
  }
}
