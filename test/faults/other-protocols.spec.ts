import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FILES, KIB, MIB, json, send } from '../support/chunk-request.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { type FinalAnswer, InterimRequest } from '../support/interim-request.js';
import { LargeFile } from '../support/large-file.js';
import {
  type ChunkWords,
  PROTOCOLS,
  type ProtocolWords,
  type Words,
  contentRange,
  tus,
} from '../support/protocol-words.js';
import { rounds } from '../support/rounds.js';
import { until } from '../support/waiting.js';

// What guarantees hold of one who writes, of connections that break and of processes that die, in the
// words of other protocols than the contract's own.

const ALICE = { authorization: `Basic ${Buffer.from('alice:alice-pw').toString('base64')}` };
const ROUNDS = rounds(40);
const CHUNK = 4 * MIB;
const MOST_AGAIN = 64 * MIB;
/** Of the file that tus sends in one request. */
const LARGE = (process.env.LONG === '1' ? 5 * 1024 : 80) * MIB;
const PLACES = [0.001, 0.3, 0.999].map((part) => Math.round(part * CHUNK));

let clusters: Cluster[] = [];

beforeAll(async () => {
  clusters = [await startCluster(1), await startCluster(2)];
});

afterAll(async () => {
  for (const cluster of clusters) await cluster.stop();
});

async function say(
  url: string,
  { method, target, headers }: Words,
  body?: Uint8Array,
): Promise<FinalAnswer> {
  return InterimRequest.send(method, url + target, { ...ALICE, ...headers }, body);
}

/** From `offset` to `end`, else to the end of all. */
function chunkOf(bytes: Buffer, offset: number, end = bytes.length): ChunkWords {
  return { offset, length: end - offset, total: bytes.length };
}

async function begin(url: string, words: ProtocolWords, total: number): Promise<string> {
  const created = words.create(total);
  const { text, headers, status } = await say(url, created, Buffer.from(created.body ?? ''));
  expect(status).toBe(words === contentRange ? 200 : 201);
  if (words === contentRange) return (JSON.parse(text) as { id: string }).id;
  return headers['location']?.split('/').at(-1) ?? text;
}

async function offsetOf(url: string, words: ProtocolWords, id: string): Promise<number> {
  return Number((await say(url, words.head(id))).headers['upload-offset']);
}

async function expectStored(url: string, id: string, bytes: Buffer): Promise<void> {
  await expectSum(url, id, createHash('md5').update(bytes).digest('hex'), bytes.length);
}

async function expectSum(url: string, id: string, md5: string, length: number): Promise<void> {
  const body = Buffer.from(JSON.stringify({ md5 }));
  const headers = { 'content-type': 'application/json' };
  const completed = await send('POST', `${url}${FILES}/${id}`, { headers, body });
  expect(json(completed)).toMatchObject({ status: 2, offset: length });
}

const PAIRS = [
  ...PROTOCOLS.map((words) => [words.name, words, words] as const),
  ...PROTOCOLS.map((words, at) => {
    const other = PROTOCOLS[(at + 1) % PROTOCOLS.length] ?? words;
    return [`${words.name} and ${other.name}`, words, other] as const;
  }),
  ...PROTOCOLS.map((words) => {
    return [`${contentRange.name} and ${words.name}`, contentRange, words] as const;
  }),
];

describe.each([0, 1])('writers at one offset, cluster %i', (at) => {
  it.each(PAIRS)('accept exactly one: %s', async (_, one, other) => {
    const cluster = clusters[at] as Cluster;
    const { url } = cluster.at(0);
    const id = await begin(url, one, 1024 * MIB);
    const accepted: Buffer[] = [];
    let offset = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      // Of one length: FilePond takes what is there already for what it is about to send.
      const length = round % 2 === 0 ? 20 * KIB : 700 * KIB;
      const bodies = [1, 2, 3, 4].map(() => randomBytes(length));
      const answers = await Promise.all(
        bodies.map((body, index) => {
          const words = index % 2 === 0 ? one : other;
          const from = cluster.at(index % cluster.servers.length).url;
          return say(from, words.chunk(id, { offset, length, total: null }), body);
        }),
      );
      const reached = await offsetOf(url, one, id);
      expect(reached).toBe(offset + length);
      for (const [index, { status }] of answers.entries()) {
        const words = index % 2 === 0 ? one : other;
        expect([words.accepted, ...words.refused]).toContain(status);
      }
      accepted.push(await storedPart(cluster, id, offset, bodies));
      offset += length;
    }
    expect(await offsetOf(url, other, id)).toBe(offset);
    const bytes = Buffer.concat(accepted);
    await expectStoredPart(cluster, id, bytes);
  });
});

/** The one of the bodies that lies at the offset, whole. */
async function storedPart(
  cluster: Cluster,
  id: string,
  offset: number,
  bodies: readonly Buffer[],
): Promise<Buffer> {
  const stored = await read(cluster, id);
  const found = bodies.filter((body) => stored.subarray(offset, offset + body.length).equals(body));
  expect(found).toHaveLength(1);
  return found[0] as Buffer;
}

async function expectStoredPart(cluster: Cluster, id: string, bytes: Buffer): Promise<void> {
  const stored = await read(cluster, id);
  expect(stored.subarray(0, bytes.length).equals(bytes)).toBe(true);
}

async function read(cluster: Cluster, id: string): Promise<Buffer> {
  const path = (await cluster.at(0).storedFiles()).find((name) => name.includes(id));
  return readFile(path ?? '');
}

describe.each(PROTOCOLS)('a chunk by $name', (words) => {
  it.each(PLACES)('that is cut after %i bytes is gone on with', async (place) => {
    const cluster = clusters[0] as Cluster;
    const server = cluster.at(0);
    const { url } = server;
    const bytes = randomBytes(2 * CHUNK);
    const id = await begin(url, words, bytes.length);
    await say(url, words.chunk(id, chunkOf(bytes, 0, CHUNK)), bytes.subarray(0, CHUNK));
    await server.hasClosed(id);
    const { method, target, headers } = words.chunk(id, chunkOf(bytes, CHUNK));
    const cut = new InterimRequest(method, url + target, {
      ...ALICE,
      ...headers,
      'content-length': String(CHUNK),
    });
    await cut.write(bytes.subarray(CHUNK, CHUNK + place));
    await until('it has the file', () => server.hasOpen(id));
    cut.cut();
    await server.hasClosed(id);
    let offset = await offsetOf(url, words, id);
    if (!words.keepsBroken) expect(offset).toBe(CHUNK);
    expect(offset).toBeGreaterThanOrEqual(CHUNK);
    expect(offset).toBeLessThanOrEqual(CHUNK + place);
    const rest = await say(url, words.chunk(id, chunkOf(bytes, offset)), bytes.subarray(offset));
    expect(rest.status).toBe(words.accepted);
    offset = await offsetOf(url, words, id);
    expect(offset).toBe(bytes.length);
    await expectStored(url, id, bytes);
  });

  it('goes on after kill -9', async () => {
    const cluster = clusters[0] as Cluster;
    const server = cluster.at(0);
    const bytes = randomBytes(80 * MIB);
    const id = await begin(server.url, words, bytes.length);
    const first = words.chunk(id, chunkOf(bytes, 0, 4 * MIB));
    expect((await say(server.url, first, bytes.subarray(0, 4 * MIB))).status).toBe(words.accepted);
    const { method, target, headers } = words.chunk(id, chunkOf(bytes, 4 * MIB));
    const going = new InterimRequest(method, server.url + target, {
      ...ALICE,
      ...headers,
      'content-length': String(76 * MIB),
    });
    for (let at = 4 * MIB; at < 75 * MIB; at += MIB)
      await going.write(bytes.subarray(at, at + MIB));
    await until('bytes are stored', async () => (await server.storedBytes(id)) > 70 * MIB);
    await server.kill();
    expect(await going.answer).toBe(null);
    await server.launch();
    const offset = await offsetOf(server.url, words, id);
    expect(offset).toBeGreaterThanOrEqual(words.keepsBroken ? 75 * MIB - MOST_AGAIN : 4 * MIB);
    const rest = await say(
      server.url,
      words.chunk(id, chunkOf(bytes, offset)),
      bytes.subarray(offset),
    );
    expect(rest.status).toBe(words.accepted);
    await expectStored(server.url, id, bytes);
  });
});

describe('a large file in one PATCH of tus', () => {
  const longest = { timeout: 15 * 60_000 };
  it('has at most 64 MiB to be sent again after kill -9', longest, async () => {
    const server = (clusters[0] as Cluster).at(0);
    const file = new LargeFile(LARGE);
    const id = await begin(server.url, tus, LARGE);
    const patch = (offset: number): InterimRequest => {
      const length = LARGE - offset;
      const words = tus.chunk(id, { offset, length, total: LARGE });
      const fields = { ...ALICE, ...words.headers, 'content-length': String(length) };
      return new InterimRequest(words.method, server.url + words.target, fields);
    };
    const going = patch(0);
    let sent = 0;
    for (const piece of file.from(0, LARGE - LargeFile.PIECE)) {
      await going.write(piece);
      sent += piece.length;
    }
    await until('bytes are stored', async () => (await server.storedBytes(id)) > sent - 8 * MIB);
    await server.kill();
    expect(await going.answer).toBe(null);
    await server.launch();
    const offset = await offsetOf(server.url, tus, id);
    expect(offset).toBeGreaterThanOrEqual(sent - MOST_AGAIN);
    expect(offset).toBeLessThanOrEqual(sent);
    const rest = patch(offset);
    for (const piece of file.from(offset)) await rest.write(piece);
    rest.end();
    expect((await rest.answer)?.status).toBe(204);
    await expectSum(server.url, id, file.md5, LARGE);
    expect((await say(server.url, { ...tus.head(id), method: 'DELETE' })).status).toBe(204);
  });
});
