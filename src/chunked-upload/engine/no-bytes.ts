import type { ChunkBody } from './chunk-body.js';

const LONGEST_WAIT_MS = 2000;

/**
 * Whether a body ends without any bytes. Reads the first of them if there are some: for a body that
 * nothing else is to be done with.
 */
export async function hasNoBytes(body: ChunkBody): Promise<boolean> {
  try {
    return (await body.read(LONGEST_WAIT_MS)) === null;
  } catch {
    // It broke: there was something.
    return false;
  }
}
