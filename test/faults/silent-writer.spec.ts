import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type Chunk,
  ChunkRequest,
  KIB,
  type Sending,
  representation,
  send,
} from '../support/chunk-request.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { expectInTime } from '../support/in-time.js';
import { ResumingUpload, detail } from '../support/resuming-upload.js';
import type { ServerProcess } from '../support/server-process.js';
import { Gaps, timed, until } from '../support/waiting.js';

const SIZE = 300 * KIB;
const FIRST = 100 * KIB;
const LEASE_MS = 4000;
const SILENCE_MS = 500;
const BUSY = 'Another request is writing this upload';

let cluster: Cluster;
const opened: ChunkRequest[] = [];

beforeAll(async () => {
  const host = { leaseTime: `${LEASE_MS}ms` };
  cluster = await startCluster(2, { program: 'host', host });
});

afterEach(() => {
  for (const request of opened.splice(0)) request.drop();
});

afterAll(() => cluster?.stop());

/** What a request may take besides waiting: where the machine is busy with other things, more. */
let soon = 500;

/** An upload whose first chunk has been acknowledged. */
async function begun(): Promise<ResumingUpload> {
  const upload = ResumingUpload.ofSize(SIZE);
  const { result, ms } = await timed(() => upload.sendNext(cluster.at(0).url, FIRST));
  representation(result);
  soon = Math.max(500, 10 * ms);
  return upload;
}

/** A writer of the rest that sends half of it, other bytes than the file's, and then nothing. */
async function halfWay(
  upload: ResumingUpload,
  options: Partial<Chunk> & { sending?: Sending; bytes?: Buffer; on?: ServerProcess } = {},
): Promise<{ request: ChunkRequest; rest: Buffer; sent: number }> {
  const {
    on = cluster.at(0),
    sending,
    bytes = Buffer.alloc(SIZE - FIRST, 'x'),
    ...chunk
  } = options;
  const { id, offset: start } = upload;
  const whole = { id, start, length: SIZE - FIRST, total: SIZE, ...chunk };
  const request = new ChunkRequest(on.url, whole, sending);
  opened.push(request);
  const sent = bytes.length / 2;
  await request.send(bytes.subarray(0, sent));
  await request.taken();
  return { request, rest: bytes.subarray(sent), sent };
}

/** Sends the chunk again and again while it is refused as busy; how long that took. */
async function takeOver(upload: ResumingUpload, server: ServerProcess): Promise<number> {
  const { ms } = await timed(async () => {
    for (;;) {
      const answer = await upload.sendRest(server.url);
      if (answer.status === 200) return;
      expect(answer.status, answer.bytes.toString()).toBe(423);
      await sleep(50);
    }
  });
  return ms;
}

async function expectEqual(upload: ResumingUpload): Promise<void> {
  expect(await upload.finish(cluster.at(1).url)).toEqual({ equal: true });
}

describe('in the same process, a silent writer', () => {
  it.each([false, true])('is taken over within a second (multipart: %s)', async (multipart) => {
    const upload = await begun();
    const silent = await halfWay(upload, { multipart });

    expectInTime(await takeOver(upload, cluster.at(0)), SILENCE_MS + soon);

    await silent.request.send(silent.rest);
    const refused = await silent.request.finish();
    expect([423, undefined]).toContain(refused?.status);
    await expectEqual(upload);
  });

  it('is ended by HEAD, which keeps what had arrived and reports it', async () => {
    const upload = await begun();
    const bytes = upload.bytes.subarray(FIRST);
    const silent = await halfWay(upload, { bytes });
    const { url } = cluster.at(0);
    await sleep(SILENCE_MS);

    expect(await upload.ask(url)).toBe(FIRST + silent.sent);

    // It goes on as if nothing had happened: that changes nothing any more.
    await silent.request.send(Buffer.alloc(silent.rest.length, 'x'));
    const refused = await silent.request.finish();
    expect([423, undefined]).toContain(refused?.status);
    expect(await upload.ask(url)).toBe(FIRST + silent.sent);
    await expectEqual(upload);
  });

  it('goes on as long as nobody but GET asks', async () => {
    const upload = await begun();
    const silent = await halfWay(upload, { bytes: upload.bytes.subarray(FIRST) });
    await sleep(2 * SILENCE_MS);

    const { url } = cluster.at(0);
    expect(representation(await send('GET', url + upload.path()))).toMatchObject({ offset: FIRST });
    await silent.request.send(silent.rest);
    expect(await silent.request.finish()).toMatchObject({ status: 200 });
    await expectEqual(upload);
  });

  it.each(['bob', null])('cannot be ended by somebody else: %s', async (user) => {
    const upload = await begun();
    const silent = await halfWay(upload, { bytes: upload.bytes.subarray(FIRST) });
    await sleep(SILENCE_MS);

    const url = cluster.at(0).url + upload.path();
    const range = `bytes ${FIRST}-${SIZE - 1}/${SIZE}`;
    const headers = { 'content-range': range, 'content-type': 'application/octet-stream' };
    const body = Buffer.alloc(SIZE - FIRST);
    const answers = await Promise.all([
      send('HEAD', url, { user }),
      send('GET', url, { user }),
      send('DELETE', url, { user }),
      send('PUT', url, { user, headers, body }),
      send('POST', url, { user, body: Buffer.from('md5=0'), headers: FORM }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);

    await silent.request.send(silent.rest);
    expect(await silent.request.finish()).toMatchObject({ status: 200 });
    await expectEqual(upload);
  });
});

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('a writer whose bytes still come', () => {
  it.each([0, 1])('makes others wait about a second, on server %i, and goes on', async (other) => {
    const upload = await begun();
    const bytes = upload.bytes.subarray(FIRST);
    const { request, rest } = await halfWay(upload, { bytes });
    let sent = 0;
    const gaps = new Gaps();
    const trickle = setInterval(() => {
      gaps.end();
      void request.send(rest.subarray(sent, (sent += 100)));
    }, 100);
    // Else it was silent, which is another thing.
    const expectSteady = (): void => expectInTime(gaps.longest, SILENCE_MS - 100, 'the next bytes');
    try {
      const { result, ms } = await timed(() => upload.sendRest(cluster.at(other).url));
      expectSteady();
      expect(result.status).toBe(423);
      expect(detail(result)).toBe(BUSY);
      expect(result.headers['retry-after']).toMatch(/^\d+$/);
      expect(ms).toBeGreaterThan(500);
      expectInTime(ms, 1500 + soon);
      // Not even HEAD ends it; and long after the request that was refused it is not taken over.
      expect(await upload.ask(cluster.at(0).url)).toBe(FIRST);
      await sleep(1500);
      expectSteady();
    } finally {
      clearInterval(trickle);
    }
    await request.send(rest.subarray(sent));
    expect(await request.finish()).toMatchObject({ status: 200 });
    await expectEqual(upload);
  });
});

describe('from another process, a silent writer', () => {
  it('is taken over within the lease time, and commits nothing afterwards', async () => {
    const upload = await begun();
    const silent = await halfWay(upload);

    // It is asked to let go, which takes less than waiting for the end of its lease.
    expectInTime(await takeOver(upload, cluster.at(1)), LEASE_MS);

    await silent.request.send(silent.rest);
    expect([423, undefined]).toContain((await silent.request.finish())?.status);
    await expectEqual(upload);
  });

  it('is taken over although its process is frozen, and commits nothing when it thaws', async () => {
    const upload = await begun();
    const silent = await halfWay(upload);
    // Else it has no lease yet, and finds when it thaws that others have been faster.
    await until('it writes', async () => {
      return (await cluster.at(0).storedBytes(upload.id ?? '')) > FIRST;
    });
    await cluster.at(0).freeze();
    try {
      expectInTime(await takeOver(upload, cluster.at(1)), LEASE_MS + 500 + soon);
      void silent.request.send(silent.rest);
    } finally {
      await cluster.at(0).thaw();
    }
    expect([423, undefined]).toContain((await silent.request.finish())?.status);
    await expectEqual(upload);
  });

  it('commits nothing either when its connection breaks after the takeover', async () => {
    const upload = await begun();
    const silent = await halfWay(upload);
    const server = cluster.at(0);
    // Its bytes are in the storage, and only the commit is missing.
    await until('it has written', async () => {
      return (await server.storedBytes(upload.id ?? '')) >= FIRST + silent.sent;
    });
    await server.freeze();
    try {
      await takeOver(upload, cluster.at(1));
      silent.request.drop();
    } finally {
      await server.thaw();
    }
    await server.hasClosed(upload.id ?? '');
    await sleep(SILENCE_MS);
    expect(await upload.ask(server.url)).toBe(SIZE);
    await expectEqual(upload);
  });

  it('is taken over although its process was killed', async () => {
    const upload = await begun();
    await halfWay(upload);
    await cluster.at(0).kill();
    try {
      expectInTime(await takeOver(upload, cluster.at(1)), LEASE_MS + 500 + soon);
    } finally {
      await cluster.at(0).launch();
    }
    await expectEqual(upload);
  });
});

describe('DELETE', () => {
  it.each([0, 1])(
    'on server %i ends a running writer, which is told that it is gone',
    async (other) => {
      const upload = await begun();
      const { request, rest } = await halfWay(upload);
      const { url } = cluster.at(other);

      expect(await send('DELETE', url + upload.path())).toMatchObject({ status: 204 });
      void request.send(rest);
      const answer = await request.finish();
      // Another process may see that the row is marked before it is gone.
      const marked = other === 0 ? [] : [[410, 'Upload has been aborted']];
      expect([[404, 'Not found.'], ...marked]).toContainEqual([answer?.status, detail(answer)]);
      expect(await send('GET', url + upload.path())).toMatchObject({ status: 404 });
      await until('its bytes are gone', async () => {
        const files = await cluster.at(0).storedFiles();
        return !files.some((path) => path.includes(upload.id ?? ''));
      });
    },
  );
});
