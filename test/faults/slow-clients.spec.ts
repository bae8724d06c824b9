import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  ChunkRequest,
  KIB,
  MIB,
  keptOpen,
  representation,
  sendChunk,
} from '../support/chunk-request.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { expectInTime } from '../support/in-time.js';
import { rounds } from '../support/rounds.js';
import { median, timed, until } from '../support/waiting.js';

// The demo's pool has pg's default of 10 connections: fewer than a tenth of the clients even here.
const CLIENTS = rounds(500) + (rounds(500) < 500 ? 100 : 0);
const CHUNKS = 50;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster(1);
});
afterAll(() => cluster?.stop());

/** Median time of one client's chunks. */
async function chunkTime(): Promise<number> {
  const { url } = cluster.at(0);
  const bytes = randomBytes(256 * KIB);
  const agent = keptOpen();
  const times: number[] = [];
  let id: string | null = null;
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
    const at = { id, start: chunk * bytes.length, total: null };
    const { result, ms } = await timed(() => sendChunk(url, at, bytes, { agent }));
    ({ id } = representation(result));
    times.push(ms);
  }
  agent.destroy();
  return median(times);
}

it(`serves others while ${CLIENTS} clients send 1 KiB a second`, async () => {
  const { url } = cluster.at(0);
  await chunkTime();
  const before = await chunkTime();

  const clients: { request: ChunkRequest; sent: number }[] = [];
  for (let client = 0; client < CLIENTS; client += 1) {
    // Half of them hold a lease, half are first chunks that have no row yet.
    const first = { id: null, start: 0, total: null };
    const begun =
      client % 2 === 0 ? representation(await sendChunk(url, first, Buffer.from('.'))) : null;
    const at = { id: begun?.id ?? null, start: begun?.offset ?? 0, length: MIB, total: null };
    clients.push({ request: new ChunkRequest(url, at), sent: 0 });
  }
  const trickle = setInterval(() => {
    for (const client of clients) {
      client.sent += KIB;
      void client.request.send(Buffer.alloc(KIB));
    }
  }, 1000);
  try {
    await until('all of them send', () => clients.every(({ sent }) => sent >= 2 * KIB));
    const busy = await chunkTime();
    const answers = clients.map(({ request }) => request.isGone);
    expect(answers.filter(Boolean)).toEqual([]);
    clearInterval(trickle);
    for (const { request } of clients) request.drop();
    // Others may have kept the machine busy, too.
    const idle = Math.max(before, await chunkTime());
    console.log(`median of a chunk: ${idle.toFixed(1)} ms idle, ${busy.toFixed(1)} ms busy`);
    expectInTime(busy, Math.max(2 * idle, idle + 50));
  } finally {
    clearInterval(trickle);
    for (const { request } of clients) request.drop();
  }
});
