import { userInfo } from 'node:os';
import { ConsoleLogger } from '@nestjs/common';

/** Says in the application's form of log lines who did what by the command: one line an action. */
export function writeJournal(command: string, done: string): void {
  // By itself: the application's own logger is silent about everything but errors here.
  new ConsoleLogger('ChunkedUpload').log(`${command}: "${userName()}" ${done}`);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container an id may have no name.
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}
