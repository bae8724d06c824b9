#!/usr/bin/env node
import 'reflect-metadata';
import { EXIT, UsageError, parseCommandLine, requireSomebodyToAsk } from './cli/command-line.js';
import { HELP } from './cli/help.js';
import { version } from './cli/package.js';
import { sentence } from './cli/sentence.js';

const COMMANDS = {
  'delete-expired-uploads': async () =>
    (await import('./cli/delete-expired-uploads.js')).deleteExpiredUploads,
  reconcile: async () => (await import('./cli/reconcile-uploads.js')).reconcileUploads,
};

async function main(args: string[]): Promise<number> {
  const line = parseCommandLine(args);
  if (line.help || line.version) {
    console.log(line.help ? HELP : await version());
    return EXIT.done;
  }
  requireSomebodyToAsk(line);
  // Nest, TypeORM and the driver: not for help, and not to refuse what is misspelt.
  const { openApplication } = await import('./cli/application.js');
  const command = await COMMANDS[line.command]();
  const stop = new AbortController();
  // The first asks it to end after its batch; the second ends it.
  process.once('SIGINT', () => stop.abort());
  const application = await openApplication(line);
  try {
    return await command(application.types, line, stop.signal);
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
