import { setImmediate } from 'node:timers/promises';

/**
 * Resolves when all that had come to this process' sockets by now has been read. After a standstill
 * (a long task, a stopped process) that is the first moment at which a sender can be judged.
 */
export async function socketsRead(): Promise<void> {
  // `setImmediate` runs after the loop has polled; the first one may belong to a poll under way.
  await setImmediate();
  await setImmediate();
}
