import type { IncomingMessage } from 'node:http';
import { isSmall } from '../../memory/piece-queue.js';
import { processPieces } from '../../memory/process-memory.js';
import { RequestSource } from './request-source.js';

const LONGEST_MS = 2000;
const TICKS = 20;
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Reads and drops what is still coming of a request that has been answered, and calls `cutOff` where
 * that does not come to an end: reading for ever would be an invitation. What exceeds the bytes that
 * are read waits at its sender, who gets the time to read the answer.
 */
export function discardRest(incoming: IncomingMessage, cutOff: () => void): void {
  const source = RequestSource.of(incoming);
  // To drop a small piece costs as much time as to keep it.
  const pieces = processPieces.counter(source);
  let left = MOST_BYTES;
  // By ticks: the time in which this process did not get to run is not the client's.
  let ticks = 0;
  const end = () => {
    clearInterval(timer);
    pieces.close();
  };
  const timer = setInterval(() => {
    ticks += 1;
    if (ticks < TICKS) return;
    // A request that has been answered is not told that its connection has gone.
    end();
    cutOff();
  }, LONGEST_MS / TICKS);
  timer.unref();
  incoming.on('data', (bytes: Uint8Array) => {
    if (isSmall(bytes)) pieces.count();
    if (left <= 0) return;
    left -= bytes.length;
    if (left <= 0) source.pause();
  });
  incoming.on('error', () => undefined);
  incoming.once('end', end);
  incoming.once('close', end);
  incoming.resume();
}
