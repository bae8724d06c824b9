import { randomBytes } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { createMD5 } from 'hash-wasm';
import { expect, it } from 'vitest';
import {
  FILES,
  KIB,
  MIB,
  keptOpen,
  representation,
  send,
  sendChunk,
} from '../support/chunk-request.js';
import { startCluster } from '../support/cluster.js';
import { rounds } from '../support/rounds.js';

const CHUNK = 8 * MIB;
const WARM_UP = 64 * MIB;
const SIZE = rounds(5 * KIB) * MIB;

it(`grows by at most 32 MiB over ${SIZE / MIB} MiB after a warm-up of 64 MiB`, async (context) => {
  const cluster = await startCluster(1);
  try {
    const server = cluster.at(0);
    const { bavail, bsize } = await statfs(server.dataDir);
    if (bavail * bsize < 2 * SIZE)
      context.skip(`needs ${(2 * SIZE) / MIB} MiB free in the temp folder`);
    const chunk = randomBytes(CHUNK);
    const sum = (await createMD5()).init();
    const agent = keptOpen();
    let id: string | null = null;
    let warm = Number.NaN;
    for (let offset = 0; offset < SIZE; offset += CHUNK) {
      if (offset === WARM_UP) {
        warm = await server.memory('VmHWM');
        await server.forgetPeak();
      }
      const bytes = chunk.subarray(0, Math.min(CHUNK, SIZE - offset));
      const at = { id, start: offset, total: SIZE };
      ({ id } = representation(await sendChunk(server.url, at, bytes, { agent })));
      sum.update(bytes);
    }
    const body = Buffer.from(JSON.stringify({ md5: sum.digest('hex') }));
    const headers = { 'content-type': 'application/json' };
    representation(await send('POST', `${server.url}${FILES}/${id}`, { headers, body, agent }));
    agent.destroy();
    const growth = (await server.memory('VmHWM')) - warm;
    console.log(`peak after the warm-up: ${toMiB(warm)} MiB, then ${toMiB(growth)} MiB more`);
    expect(growth).toBeLessThanOrEqual(32 * MIB);
  } finally {
    await cluster.stop();
  }
});

function toMiB(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
