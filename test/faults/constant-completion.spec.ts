import { createMD5 } from 'hash-wasm';
import { statfs } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  FILES,
  KIB,
  MIB,
  keptOpen,
  representation,
  send,
  sendChunk,
} from '../support/chunk-request.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { expectInTime } from '../support/in-time.js';
import { rounds } from '../support/rounds.js';
import { timed } from '../support/waiting.js';

const CHUNK = 16 * MIB;
const SMALL = 16 * MIB;
const LARGE = Math.ceil((rounds(4 * KIB) * MIB) / CHUNK) * CHUNK;
const TIMES = 3;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster(1);
});
afterAll(() => cluster?.stop());

/** Uploads `size` bytes; what its completion took, and read. */
async function completion(size: number): Promise<{ ms: number; read: number }> {
  const server = cluster.at(0);
  const chunk = Buffer.alloc(CHUNK, 7);
  const sum = (await createMD5()).init();
  const agent = keptOpen();
  let id: string | null = null;
  for (let start = 0; start < size; start += CHUNK) {
    const at = { id, start, total: size };
    ({ id } = representation(await sendChunk(server.url, at, chunk, { agent })));
    sum.update(chunk);
  }
  const url = `${server.url}${FILES}/${id}`;
  const body = Buffer.from(JSON.stringify({ md5: sum.digest('hex') }));
  const headers = { 'content-type': 'application/json' };
  const before = await server.bytesRead();
  const { result, ms } = await timed(() => send('POST', url, { headers, body, agent }));
  const read = (await server.bytesRead()) - before;
  expect(representation(result).status).toBe(2);
  await send('DELETE', url, { agent });
  agent.destroy();
  return { ms, read };
}

it(`completes ${LARGE / MIB} MiB as fast as ${SMALL / MIB} MiB, and reads nothing back`, async (context) => {
  const { bavail, bsize } = await statfs(cluster.at(0).dataDir);
  if (bavail * bsize < 2 * LARGE) {
    context.skip(`needs ${(2 * LARGE) / MIB} MiB free in the temp folder`);
  }
  const small: number[] = [];
  const large: number[] = [];
  for (let time = 0; time < TIMES; time += 1) {
    small.push((await completion(SMALL)).ms);
    const { ms, read } = await completion(LARGE);
    large.push(ms);
    expect(read).toBeLessThan(MIB);
  }
  // The best of each: what else the machine did is in the others.
  const [few, many] = [Math.min(...small), Math.min(...large)];
  console.log(`at best: ${few.toFixed(1)} ms and ${many.toFixed(1)} ms`);
  expectInTime(many - few, 50);
});
