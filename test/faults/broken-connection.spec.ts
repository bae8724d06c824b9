import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHash } from 'node:crypto';
import {
  ChunkRequest,
  FILES,
  KIB,
  MIB,
  headOffset,
  json,
  representation,
  send,
} from '../support/chunk-request.js';
import type { Cut } from '../support/chunk-wire.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { expectInTime } from '../support/in-time.js';
import { ResumingUpload } from '../support/resuming-upload.js';
import { rounds } from '../support/rounds.js';
import { timed, until } from '../support/waiting.js';

const FIRST = 100 * KIB;
const CHUNK = 4 * MIB;
const SIZE = FIRST + CHUNK;
const PLACES = 20;
// Spread over the chunk also where only some of them are tried.
const STEP = PLACES / rounds(PLACES);
const places = Array.from({ length: rounds(PLACES) }, (_, n) =>
  Math.round(((n + 0.5) * STEP * CHUNK) / PLACES),
);

interface Way {
  readonly http: 1 | 2;
  readonly cut: Cut;
  readonly multipart: boolean;
}

const WAYS: readonly Way[] = [false, true].flatMap((multipart) => [
  { http: 1, cut: 'fin', multipart },
  { http: 1, cut: 'reset', multipart },
  { http: 2, cut: 'fin', multipart },
  { http: 2, cut: 'reset', multipart },
  { http: 2, cut: 'cancelled', multipart },
  { http: 2, cut: 'dropped', multipart },
]);

const clusters = new Map<Way['http'], Cluster>();

beforeAll(async () => {
  clusters.set(1, await startCluster(1));
  clusters.set(2, await startCluster(1, { program: 'host', host: { platform: 'http2' } }));
});

afterAll(async () => {
  for (const cluster of clusters.values()) await cluster.stop();
});

const title = 'over HTTP/$http, a chunk that is cut ($cut; multipart: $multipart)';

describe.each(WAYS)(title, ({ http, cut, multipart }) => {
  let cluster: Cluster;
  let url: string;
  /** A second; where the machine is busy with other things, ten times what any chunk takes. */
  let soon = 1000;

  beforeAll(() => {
    cluster = clusters.get(http) as Cluster;
    ({ url } = cluster.at(0));
  });

  async function begun(): Promise<ResumingUpload> {
    const upload = ResumingUpload.ofSize(SIZE);
    const { result, ms } = await timed(() => upload.sendNext(url, FIRST));
    representation(result);
    soon = Math.max(1000, 10 * ms);
    return upload;
  }

  function restOf(upload: ResumingUpload, headers = {}): ChunkRequest {
    const at = { id: upload.id, start: FIRST, length: CHUNK, total: SIZE, multipart };
    return new ChunkRequest(url, at, { headers });
  }

  /** Soon after the cut the upload goes on where it says, at `least` of the chunk. */
  async function expectResumable(upload: ResumingUpload, least: number, most: number) {
    const { offset } = upload;
    const arrived = async (): Promise<boolean> => (await upload.ask(url)) >= offset + least;
    const kept = await timed(() => until('what arrived is kept', arrived, { everyMs: 5 }));
    expect(upload.offset).toBeLessThanOrEqual(offset + most);
    const { result, ms } = await timed(() => upload.sendRest(url));
    expect(result).toMatchObject({ status: 200 });
    expectInTime(kept.ms, soon);
    expectInTime(kept.ms + ms, 1.5 * soon);
    expect(await upload.finish(url)).toEqual({ equal: true });
  }

  it.each(places)('after %i bytes keeps what arrived', async (place) => {
    const upload = await begun();
    const request = restOf(upload);
    await request.send(upload.bytes.subarray(FIRST, FIRST + place));
    await request.taken();
    request.cut(cut);
    await expectResumable(upload, Math.floor(place * 0.99), place);
  });

  // A reset drops what the server has not read yet: it has not arrived.
  if (http === 1 && cut === 'fin') {
    it.each(places)('%i bytes at once keeps them too', async (place) => {
      const upload = await begun();
      const request = restOf(upload);
      void request.send(upload.bytes.subarray(FIRST, FIRST + place));
      await request.connected();
      request.fin();
      await expectResumable(upload, Math.floor(place * 0.99), place);
    });
  }

  // Only a raw chunk can have one.
  if (!multipart) {
    it('keeps nothing of a chunk with a digest', async () => {
      const upload = await begun();
      const bytes = upload.bytes.subarray(FIRST);
      const digest = createHash('sha256').update(bytes).digest('base64');
      const request = restOf(upload, { 'content-digest': `sha-256=:${digest}:` });
      await request.send(bytes.subarray(0, 2 * MIB));
      await request.taken();
      request.cut(cut);
      await cluster.at(0).hasClosed(upload.id ?? '');
      expect(await headOffset(url + upload.path())).toBe(FIRST);
      expect(await upload.finish(url)).toEqual({ equal: true });
    });
  }

  it('is found in the list of its creator where it was the first', async () => {
    const before = await listed(url);
    const bytes = ResumingUpload.ofSize(SIZE).bytes;
    const at = { id: null, start: 0, length: SIZE, total: SIZE, multipart };
    const request = new ChunkRequest(url, at);
    await request.send(bytes.subarray(0, MIB));
    await request.taken();
    request.cut(cut);
    const isListed = async (): Promise<boolean> => (await listed(url)).length > before.length;
    const { ms } = await timed(() => until('it is listed', isListed));
    expectInTime(ms, soon);
    const found = (await listed(url)).at(-1);
    const upload = new ResumingUpload(bytes);
    upload.id = found?.id ?? null;
    expect(found?.offset).toBeGreaterThanOrEqual(MIB * 0.99);
    expect(found?.offset).toBeLessThanOrEqual(MIB);
    expect(await upload.finish(url)).toEqual({ equal: true });
  });

  it('leaves nothing of an anonymous first chunk', async () => {
    await leavesNothing(async () => {
      const at = { id: null, start: 0, length: SIZE, total: SIZE, multipart };
      return new ChunkRequest(url, at, { user: null });
    });
  });

  it('leaves nothing of a whole file', async () => {
    const before = await listed(url);
    await leavesNothing(async () => {
      const at = { id: null, start: 0, length: SIZE, total: SIZE, multipart };
      return new ChunkRequest(url, { ...at, method: 'POST' });
    });
    expect(await listed(url)).toHaveLength(before.length);
  });

  /** Bytes are stored while it runs, and none is when it has been cut. */
  async function leavesNothing(begin: () => Promise<ChunkRequest>): Promise<void> {
    const server = cluster.at(0);
    const before = await server.storedFiles();
    const request = await begin();
    await request.send(Buffer.alloc(2 * MIB, 'x'));
    await until('it has a file', async () => {
      return (await server.storedFiles()).length > before.length;
    });
    request.cut(cut);
    await until('its file is gone', async () => {
      return (await server.storedFiles()).length === before.length;
    });
  }
});

async function listed(url: string): Promise<{ id: string; offset: number }[]> {
  const answer = await send('GET', url + FILES);
  return json(answer) as unknown as { id: string; offset: number }[];
}
