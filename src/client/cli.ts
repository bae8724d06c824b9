#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { HELP, parseCommandLine, UsageError, type CommandLine } from './node/command-line.js';
import { folderOf } from './node/file-from-path.js';
import { fileFromPath, FileStorage } from './node/index.js';
import { printable, progressLine } from './node/progress-bar.js';
import { Trouble } from './node/trouble.js';
import { UploadQueue } from './queue/index.js';
import { isRepresentation } from './representation.js';

const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 };

async function main(args: readonly string[]): Promise<number> {
  const line = parseCommandLine(args);
  if (line === 'help') {
    console.log(HELP);
    return EXIT.done;
  }
  if (line === 'version') {
    const manifest = await readFile(new URL('package.json', import.meta.url), 'utf8');
    console.log((JSON.parse(manifest) as { version: string }).version);
    return EXIT.done;
  }
  return upload(line);
}

async function upload(line: CommandLine): Promise<number> {
  const { atOnce, checksum, chunkSize, endpoint, fields, headers } = line;
  const files = await Promise.all(
    // Two folders may have files of one name, size and time: what an archive held, or a backup.
    line.paths.map(async (path) => ({ file: await fileFromPath(path), folder: folderOf(path) })),
  );
  const trouble = new Trouble();
  const queue = new UploadQueue({
    checksum,
    endpoint,
    fields,
    headers,
    ...(atOnce === undefined ? {} : { atOnce }),
    ...(chunkSize === undefined ? {} : { chunkSize }),
    storage: new FileStorage(),
    transport: trouble.transport,
  });
  const shows = !line.quiet && process.stderr.isTTY;
  const show = (): void => {
    const text = progressLine(queue.getSnapshot());
    // A terminal that does not know its width says 0. A line that fills it would go on in the next one.
    process.stderr.write(`\r${text.slice(0, (process.stderr.columns || 80) - 1)}\u001B[K`);
  };
  queue.subscribe(() => {
    const words = printable(trouble.look(queue.getSnapshot()));
    if (words !== '') process.stderr.write(`${shows ? '\r\u001B[K' : ''}${words}\n`);
  });
  process.once('SIGINT', () => {
    const hint = 'Interrupted. Run the same command again to continue where it stopped.';
    process.stderr.write(`${shows ? '\n' : ''}${hint}\n`);
    process.exit(EXIT.interrupted);
  });
  const ticker = shows ? setInterval(show, 500) : undefined;
  queue.add(files);
  await ended(queue);
  clearInterval(ticker);
  if (shows) {
    show();
    process.stderr.write('\n');
  }
  return report(queue);
}

/** When nothing is under way any more. */
function ended(queue: UploadQueue): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      const { counts, items } = queue.getSnapshot();
      if (counts.complete + counts.failed < items.length) return;
      stop();
      resolve();
    };
    const stop = queue.subscribe(look);
    look();
  });
}

function report(queue: UploadQueue): number {
  const { counts, items } = queue.getSnapshot();
  for (const { answer, error, name } of items) {
    const url = isRepresentation(answer) ? answer.file : null;
    if (error) console.error(printable(`${name}: ${error.message}`));
    else console.log(printable(url ?? JSON.stringify(answer)));
  }
  return counts.failed > 0 ? EXIT.failed : EXIT.done;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(printable(error instanceof Error ? error.message : String(error)));
    if (error instanceof UsageError) console.error('See --help.');
    process.exitCode =
      error instanceof UsageError || error instanceof TypeError ? EXIT.usage : EXIT.failed;
  },
);
