import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEmbeddedPostgres } from '../../src/demo/embedded-postgres.js';
import { ChunkRequest, MIB, headOffset, send } from '../support/chunk-request.js';
import { type TestDatabase, createDatabase } from '../support/database.js';
import { ResumingUpload } from '../support/resuming-upload.js';
import { ServerProcess } from '../support/server-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/waiting.js';

const SIZE = 8 * MIB;
const FIRST = 2 * MIB;

let database: TestDatabase;
let line: TcpProxy;
let server: ServerProcess;
let upload: ResumingUpload;

beforeAll(async () => {
  database = await createDatabase();
  line = await TcpProxy.to(database.url);
  server = await ServerProcess.start({ databaseUrl: line.url });
});

afterAll(async () => {
  await server?.stop();
  await line?.cut();
  await database?.drop();
});

beforeEach(async () => {
  upload = ResumingUpload.ofSize(SIZE);
  expect((await upload.sendNext(server.url, FIRST)).status).toBe(200);
});

async function isBack(): Promise<void> {
  await until('the server has its database again', async () => {
    return (await send('GET', `${server.url}/health`)).status === 200;
  });
}

/** Where a client would go on; an acknowledged byte is never gone. */
async function goesOn(): Promise<void> {
  await isBack();
  const { offset } = upload;
  expect(await headOffset(server.url + upload.path())).toBeGreaterThanOrEqual(offset);
  await until('the upload can go on', async () => {
    if ((await upload.ask(server.url)) === SIZE) return true;
    return (await upload.sendNext(server.url, MIB)).status === 200;
  });
  expect(await upload.finish(server.url)).toEqual({ equal: true });
}

describe('a database whose connections are cut', () => {
  it('within a chunk costs at most a 503', async () => {
    const at = { id: upload.id, start: FIRST, length: SIZE - FIRST, total: SIZE };
    const chunk = new ChunkRequest(server.url, at);
    await chunk.send(upload.bytes.subarray(FIRST, 4 * MIB));
    await chunk.taken();
    await line.cut();
    await line.open();
    await chunk.send(upload.bytes.subarray(4 * MIB));
    const answer = await chunk.finish();
    expect([200, 503]).toContain(answer?.status);
    await goesOn();
  });

  it('and stays away until after the chunk: 503, and the chunk can be sent again', async () => {
    const at = { id: upload.id, start: FIRST, length: SIZE - FIRST, total: SIZE };
    const chunk = new ChunkRequest(server.url, at);
    await chunk.send(upload.bytes.subarray(FIRST, 4 * MIB));
    await chunk.taken();
    await line.cut();
    await chunk.send(upload.bytes.subarray(4 * MIB));
    const answer = await chunk.finish();
    expect(answer?.status).toBe(503);
    expect(answer?.headers['retry-after']).toMatch(/^\d+$/);
    await line.open();
    await isBack();
    // Its lease could not be given back; nobody has to wait for its end.
    expect((await upload.sendNext(server.url, MIB)).status).toBe(200);
    await goesOn();
  });

  it('is not there for anything: 503, and nothing is lost', async () => {
    await line.cut();
    const begin = await ResumingUpload.ofSize(MIB).sendRest(server.url);
    const append = await upload.sendRest(server.url);
    const complete = await upload.complete(server.url);
    const read = await send('GET', server.url + upload.path());
    const remove = await send('DELETE', server.url + upload.path());
    const statuses = [begin, append, complete, read, remove].map(({ status }) => status);
    expect(statuses).toEqual([503, 503, 503, 503, 503]);
    await line.open();
    await goesOn();
  });
});

it('PostgreSQL itself can be restarted within a chunk', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'restarted-'));
  let postgres = await startEmbeddedPostgres({ dataDir });
  const own = await TcpProxy.to(postgres.url);
  const host = await ServerProcess.start({ databaseUrl: own.url });
  try {
    for (let round = 0; round < 3; round += 1) {
      const file = ResumingUpload.ofSize(SIZE);
      expect((await file.sendNext(host.url, FIRST)).status).toBe(200);
      const at = { id: file.id, start: FIRST, length: SIZE - FIRST, total: SIZE };
      const chunk = new ChunkRequest(host.url, at);
      await chunk.send(file.bytes.subarray(FIRST, 4 * MIB));
      await chunk.taken();
      await postgres.stop();
      postgres = await startEmbeddedPostgres({ dataDir });
      own.redirect(postgres.url);
      await chunk.send(file.bytes.subarray(4 * MIB));
      expect([200, 503]).toContain((await chunk.finish())?.status);

      await until('the upload can go on', async () => {
        if ((await file.ask(host.url)) === SIZE) return true;
        return (await file.sendRest(host.url)).status === 200;
      });
      expect(await file.finish(host.url)).toEqual({ equal: true });
    }
  } finally {
    await host.stop();
    await own.cut();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
});
