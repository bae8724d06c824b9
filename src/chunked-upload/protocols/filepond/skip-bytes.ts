import type { ChunkBody } from '../../engine/chunk-body.js';

/** What of a body comes after its first `count` bytes, which are dropped. */
export async function* skipBytes(body: ChunkBody, count: number): AsyncIterable<Uint8Array> {
  let left = count;
  for (let batch = await body.read(); batch; batch = await body.read()) {
    for (const bytes of batch) {
      if (left < bytes.length) yield left > 0 ? bytes.subarray(left) : bytes;
      left = Math.max(0, left - bytes.length);
    }
  }
}

/** Reads a body to its end, and drops it. */
export async function drop(body: ChunkBody): Promise<void> {
  while (await body.read());
}
