import type { Readable } from 'node:stream';
import { processDownloads } from './process-memory.js';

/**
 * Opens a stream that counts in the memory of the process until it is closed. `open` is handed a
 * function that says how many bytes to read at a time, to be asked before each read.
 */
export async function countedStream(
  open: (nextChunk: () => number) => Promise<Readable>,
): Promise<Readable> {
  const account = processDownloads.open();
  try {
    const stream = await open(() => account.nextChunk());
    if (stream.closed) account.close();
    else stream.once('close', () => account.close());
    return stream;
  } catch (error) {
    account.close();
    throw error;
  }
}
