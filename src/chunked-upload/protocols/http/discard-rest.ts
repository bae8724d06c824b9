import type { IncomingMessage } from 'node:http';
import { isSmall } from '../../memory/piece-queue.js';
import { processPieces } from '../../memory/process-memory.js';
import { RequestSource } from './request-source.js';

const LONGEST_MS = 2000;
const TICKS = 20;
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Reads and drops what is still coming of a refused request. Closing at once would show the client
 * a network error in place of our answer; reading for ever would be an invitation.
 */
export function discardRest(incoming: IncomingMessage): void {
  if (incoming.complete || incoming.destroyed) return;
  let left = MOST_BYTES;
  // To drop a small piece costs as much time as to keep it.
  const pieces = processPieces.counter(RequestSource.of(incoming));
  const close = () => incoming.destroy();
  // By ticks: the time in which this process did not get to run is not the client's.
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
    if (ticks === TICKS) close();
  }, LONGEST_MS / TICKS);
  // A request that has been answered is not told that its connection has gone.
  timer.unref();
  incoming.on('data', (bytes: Uint8Array) => {
    left -= bytes.length;
    if (isSmall(bytes)) pieces.count();
    if (left < 0) close();
  });
  incoming.on('error', () => undefined);
  incoming.once('end', () => clearInterval(timer));
  incoming.once('close', () => {
    clearInterval(timer);
    pieces.close();
  });
  incoming.resume();
}
