import { randomBytes } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { createMD5 } from 'hash-wasm';
import { expect, it } from 'vitest';
import {
  type Answer,
  type Chunk,
  ChunkRequest,
  FILES,
  KIB,
  MIB,
  keptOpen,
  representation,
  send,
} from '../support/chunk-request.js';
import { startCluster } from '../support/cluster.js';
import { rounds } from '../support/rounds.js';

const CHUNK = 8 * MIB;
const BYTES = randomBytes(CHUNK);
const WARM_UP = 128 * MIB;
const SIZE = rounds(5 * KIB) * MIB;

// V8 collects old garbage only when its heap gets short of room, so by default that lies on top of
// what is held: it stops growing after some GiB, whatever is sent.
const HEAPS = [
  { options: '--max-old-space-size=96', most: 32 },
  { options: '', most: 96 },
];

const title = `grows by at most $most MiB over ${SIZE / MIB} MiB after a warm-up of 128 MiB, with NODE_OPTIONS=$options`;

it.for(HEAPS)(title, async ({ options, most }, { skip }) => {
  const cluster = await startCluster(1, { env: { NODE_OPTIONS: options } });
  try {
    const server = cluster.at(0);
    const { bavail, bsize } = await statfs(server.dataDir);
    if (bavail * bsize < 2 * SIZE) skip(`needs ${(2 * SIZE) / MIB} MiB free in the temp folder`);
    const sum = (await createMD5()).init();
    const agent = keptOpen();
    let at: Chunk = { id: null, start: 0, length: CHUNK, total: SIZE };
    const sendNext = async (length: number, multipart = false) => {
      const request = new ChunkRequest(server.url, { ...at, length, multipart }, { agent });
      for (let left = length; left > 0; left -= CHUNK) {
        const bytes = BYTES.subarray(0, Math.min(CHUNK, left));
        await request.send(bytes);
        sum.update(bytes);
      }
      const { id, offset } = representation((await request.finish()) as Answer);
      at = { ...at, id, start: offset };
    };

    while (at.start < WARM_UP) await sendNext(CHUNK);
    const warm = await server.memory('VmHWM');
    await server.forgetPeak();
    while (at.start < SIZE / 2) await sendNext(CHUNK);
    // Two chunks that are far larger than the memory that may be used.
    await sendNext(SIZE / 4);
    await sendNext(SIZE - at.start, true);

    const body = Buffer.from(JSON.stringify({ md5: sum.digest('hex') }));
    const headers = { 'content-type': 'application/json' };
    representation(await send('POST', `${server.url}${FILES}/${at.id}`, { headers, body, agent }));
    agent.destroy();
    const growth = (await server.memory('VmHWM')) - warm;
    console.log(`peak after the warm-up: ${toMiB(warm)} MiB, then ${toMiB(growth)} MiB more`);
    expect(growth).toBeLessThanOrEqual(most * MIB);
  } finally {
    await cluster.stop();
  }
});

function toMiB(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
