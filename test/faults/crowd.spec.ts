import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MIB, md5, representation, send, sendChunk } from '../support/chunk-request.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { HealthProbe } from '../support/health-probe.js';
import { expectInTime } from '../support/in-time.js';
import { RawConnection } from '../support/raw-connection.js';
import { rounds } from '../support/rounds.js';
import { percentile, until } from '../support/waiting.js';

const FAST = rounds(700);
const SILENT = rounds(2000);
const UNREAD = rounds(200);
/** Of each fast client, in MiB. */
const FILE = 4;
/** What the option `memory` is where nobody says it. */
const MEMORY = 128 * MIB;
// What is no body: connections, what Nest and Node keep for each request, and V8's own reserve.
const BESIDES = 150 * MIB;
const SILENCE_MS = 2000;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster(1);
});
afterAll(() => cluster?.stop());

it(`bears ${FAST} fast clients, ${SILENT} silent ones and ${UNREAD} unread downloads`, async () => {
  const server = cluster.at(0);
  const file = await completeFile(server.url);
  const probe = new HealthProbe(server.url);
  const connections: RawConnection[] = [];
  try {
    await sleep(SILENCE_MS);
    const calm = await probe.seen();
    const idle = await server.memory('VmRSS');
    await server.forgetPeak();

    // One after the other: the kernel takes no more than 511 that the server has not seen.
    const open = async (): Promise<RawConnection> => {
      const connection = await RawConnection.open(server.url);
      connections.push(connection);
      if (connections.length % 50 === 0) await send('GET', `${server.url}/health`);
      return connection;
    };
    for (let client = 0; client < SILENT; client += 1) {
      await beginChunk(await open(), MIB);
      // Half of them have sent something.
      if (client % 2 === 0) await connections.at(-1)?.write('x');
    }
    for (let client = 0; client < UNREAD; client += 1) {
      const connection = await open();
      connection.socket.pause();
      await connection.head('GET', `/uploads/files/${file}/file`, {});
    }
    const fast = await sendAll(open);
    const statuses = await Promise.all(fast.map(async (client) => (await client.answer()).status));
    const seen = await probe.seen();
    const peak = await server.memory('VmHWM');

    console.log(
      `${toMiB(idle)} MiB before, at most ${toMiB(peak)} MiB; ` +
        `${seen.health.length} times /health: ${timesOf(seen.health)} (before: ${timesOf(calm.health)}); ` +
        `${seen.uploads.length} other uploads: ${timesOf(seen.uploads)}`,
    );
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(seen.failures).toEqual([]);
    expect(seen.uploads.length).toBeGreaterThan(0);
    expect(peak - idle).toBeLessThanOrEqual(MEMORY + BESIDES);
    // Where the machine is busy with other things, so is a calm server.
    const soon = Math.max(200, 5 * Math.max(...calm.health));
    expectInTime(percentile(seen.health, 50), soon, 'p50 of /health');
    // Few are asked while the fast ones begin, all at once and with new connections.
    expectInTime(percentile(seen.health, 95), 5 * soon, 'p95 of /health');
    expect(server.isAlive).toBe(true);
  } finally {
    for (const connection of connections) connection.destroy();
    await probe.stop();
  }
  await until('what is left is what was there', async () => (await server.openFiles()) < 200);
  representation(await sendChunk(server.url, { id: null, start: 0, total: 10 }, Buffer.alloc(10)));
});

/** All fast clients send at once, as fast as they are let. */
async function sendAll(open: () => Promise<RawConnection>): Promise<RawConnection[]> {
  const clients: RawConnection[] = [];
  for (let client = 0; client < FAST; client += 1) clients.push(await open());
  const piece = Buffer.alloc(MIB, 'x');
  await Promise.all(
    clients.map(async (client) => {
      await beginChunk(client, FILE * MIB);
      for (let sent = 0; sent < FILE; sent += 1) await client.write(piece);
    }),
  );
  return clients;
}

async function beginChunk(connection: RawConnection, bytes: number): Promise<void> {
  await connection.head('PUT', '/uploads/files?filename=a', {
    'content-type': 'application/octet-stream',
    'content-length': bytes,
    'content-range': `bytes 0-${bytes - 1}/${bytes}`,
  });
}

/** A file to download. */
async function completeFile(url: string): Promise<string> {
  const bytes = Buffer.alloc(16 * MIB, 'y');
  const at = { id: null, start: 0, total: bytes.length };
  const { id } = representation(await sendChunk(url, at, bytes));
  const body = Buffer.from(JSON.stringify({ md5: md5(bytes) }));
  const headers = { 'content-type': 'application/json' };
  representation(await send('POST', `${url}/uploads/files/${id}`, { headers, body }));
  return id;
}

function timesOf(ms: readonly number[]): string {
  const times = { p50: percentile(ms, 50), p95: percentile(ms, 95), max: Math.max(...ms) };
  const named = Object.entries(times).map(([name, time]) => `${name} ${time.toFixed(1)}`);
  return `${named.join(', ')} ms`;
}

function toMiB(bytes: number): string {
  return (bytes / MIB).toFixed(0);
}
