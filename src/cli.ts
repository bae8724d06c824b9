#!/usr/bin/env node
import 'reflect-metadata';
import { EXIT, UsageError, parseCommandLine, requireSomebodyToAsk } from './cli/command-line.js';
import { openApplication } from './cli/application.js';
import { deleteExpiredUploads } from './cli/delete-expired-uploads.js';
import { HELP } from './cli/help.js';
import { version } from './cli/package.js';
import { reconcileUploads } from './cli/reconcile-uploads.js';
import { sentence } from './cli/sentence.js';

const COMMANDS = {
  'delete-expired-uploads': deleteExpiredUploads,
  reconcile: reconcileUploads,
};

async function main(args: string[]): Promise<number> {
  const line = parseCommandLine(args);
  if (line.help || line.version) {
    console.log(line.help ? HELP : await version());
    return EXIT.done;
  }
  requireSomebodyToAsk(line);
  const stop = new AbortController();
  // The first asks it to end after its batch; the second ends it.
  process.once('SIGINT', () => stop.abort());
  const application = await openApplication(line);
  try {
    return await COMMANDS[line.command](application.types, line, stop.signal);
  } finally {
    await application.close();
  }
}

function report(error: unknown): number {
  const usage = error instanceof UsageError;
  console.error(usage ? `${sentence(error)}\nTry --help.` : `Error: ${sentence(error)}`);
  return usage ? EXIT.wrongUsage : EXIT.failed;
}

void main(process.argv.slice(2))
  .catch(report)
  .then((code) => {
    process.exitCode = code;
    // A host may leave timers and connections open that have nothing to do with this.
    setTimeout(() => process.exit(), 500).unref();
  });
