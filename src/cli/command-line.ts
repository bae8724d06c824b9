import { fstatSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { grace } from '../chunked-upload/engine/duration.js';

export const EXIT = { done: 0, failed: 1, wrongUsage: 2 } as const;

/** The command line is wrong; the message says how. */
export class UsageError extends Error {}

export type CommandName = 'delete-expired-uploads' | 'reconcile';

export interface CommandLine {
  readonly command: CommandName;
  readonly types: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
  readonly app: string;
  readonly export: string | undefined;
  readonly dryRun: boolean;
  readonly interactive: boolean;
  readonly keepRecord: boolean;
  readonly unfinished: boolean;
  readonly yes: boolean;
  readonly grace: string | undefined;
}

const COMMON = {
  app: { type: 'string' },
  export: { type: 'string' },
  'dry-run': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

const DELETE = {
  interactive: { type: 'boolean', short: 'i' },
  'keep-record': { type: 'boolean', short: 'k' },
  unfinished: { type: 'boolean', short: 'u' },
  yes: { type: 'boolean', short: 'y' },
} as const;

const RECONCILE = { grace: { type: 'string' } } as const;

const OWN = { 'delete-expired-uploads': DELETE, reconcile: RECONCILE };

/** @throws UsageError */
export function parseCommandLine(args: string[]): CommandLine {
  const options = { ...COMMON, ...DELETE, ...RECONCILE };
  const { values, positionals } = parse(() =>
    parseArgs({ args, options, allowPositionals: true, strict: true }),
  );
  const [command, ...types] = positionals;
  const { help = false, version = false } = values;
  if (!help && !version) {
    if (!isCommand(command)) throw new UsageError(whichCommand(command));
    const known = Object.keys({ ...COMMON, ...OWN[command] });
    const foreign = Object.keys(values).find((name) => !known.includes(name));
    if (foreign) throw new UsageError(`${command} has no option --${foreign}.`);
    if (!values.app) {
      throw new UsageError(
        '--app <file> is missing: the module of the application, such as --app dist/app.module.js.',
      );
    }
  }
  return {
    command: isCommand(command) ? command : 'reconcile',
    types,
    help,
    version,
    app: values.app ?? '',
    export: values.export,
    dryRun: values['dry-run'] ?? false,
    interactive: values.interactive ?? false,
    keepRecord: values['keep-record'] ?? false,
    unfinished: values.unfinished ?? false,
    yes: values.yes ?? false,
    grace: graceOf(values.grace),
  };
}

function graceOf(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  try {
    grace(given);
    return given;
  } catch (cause) {
    throw new UsageError(`--grace ${given} is not a time, such as 90m`, { cause });
  }
}

/** Whether one question is asked before everything else. */
export function asksOnce({ unfinished, yes, interactive, dryRun }: CommandLine): boolean {
  return unfinished && !yes && !interactive && !dryRun;
}

/** @throws UsageError where nobody is there to answer: a cron job reads from /dev/null */
export function requireSomebodyToAsk(line: CommandLine): void {
  const asks = (line.interactive && !line.dryRun) || asksOnce(line);
  if (!asks || process.stdin.isTTY) return;
  const input = fstatSync(process.stdin.fd);
  // Answers may be piped in.
  if (!input.isFIFO() && !input.isSocket() && !input.isFile()) throw unanswered(line);
}

/** What to say where the answer to a question is missing. */
export function unanswered({ interactive }: CommandLine): UsageError {
  return new UsageError(
    interactive
      ? '--interactive asks questions, and the input is no terminal and has no answer.'
      : '--unfinished asks before it deletes, and the input is no terminal and has no answer: ' +
          'add --yes or --dry-run.',
  );
}

function isCommand(name: string | undefined): name is CommandName {
  return name !== undefined && Object.hasOwn(OWN, name);
}

function whichCommand(given: string | undefined): string {
  const names = Object.keys(OWN).join(', ');
  return given === undefined
    ? `Which command? There are: ${names}.`
    : `There is no command "${given}". There are: ${names}.`;
}

function parse<R>(work: () => R): R {
  try {
    return work();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
