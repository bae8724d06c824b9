import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Database } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KIB, MIB, json, representation } from '../support/chunk-request.js';
import { type TestDatabase, createDatabase } from '../support/database.js';
import { ResumingUpload } from '../support/resuming-upload.js';
import { rounds } from '../support/rounds.js';
import { ServerProcess } from '../support/server-process.js';
import { between, until } from '../support/waiting.js';

const ROUNDS = rounds(50);
const CLIENTS = 4;
const CHUNKS = [64 * KIB, 300 * KIB, MIB];

/** Uploads one file after the other, as far as the server lets it, until the server is gone. */
class Client {
  readonly finished: ResumingUpload[] = [];
  current: ResumingUpload | null = null;

  async run(base: string): Promise<void> {
    for (;;) {
      const upload = (this.current ??= ResumingUpload.ofSize(between(1, 3 * MIB)));
      const isSent = upload.offset === upload.bytes.length && upload.id !== null;
      const chunk = CHUNKS[between(0, CHUNKS.length)] ?? KIB;
      const asked = isSent
        ? upload.complete(base)
        : upload.sendNext(base, chunk, Math.random() < 0.5);
      const answer = await asked.catch(() => null);
      // It is gone, or its database went first.
      if (!answer || answer.status >= 500) return;
      if (answer.status === 423) {
        // A writer of the server that was killed.
        await sleep(100);
        continue;
      }
      expect(answer.status, answer.bytes.toString()).toBe(200);
      if (!isSent) continue;
      this.finished.push(upload);
      this.current = null;
    }
  }

  /** After a restart: where to go on. What was acknowledged has to be there. */
  async recover(base: string): Promise<boolean> {
    const { current } = this;
    if (!current?.id) {
      // Its first chunk was not acknowledged; whatever is left of it is in the list.
      this.current = null;
      return false;
    }
    const acknowledged = current.offset;
    expect(await current.ask(base)).toBeGreaterThanOrEqual(acknowledged);
    return true;
  }
}

/** `kill -9` for all processes of the embedded database as well. */
async function killDatabase(dataDir: string): Promise<void> {
  const cluster = (await readdir(dataDir)).find((name) => name.startsWith('postgres-')) ?? '';
  const lock = await readFile(join(dataDir, cluster, 'postmaster.pid'), 'utf8');
  process.kill(Number(lock.split('\n')[0]), 'SIGKILL');
}

describe('kill -9 of the server and of its database', () => {
  let server: ServerProcess;

  beforeAll(async () => {
    server = await ServerProcess.start({ databaseUrl: null });
  });

  afterAll(() => server?.stop());

  it(`loses no acknowledged byte at ${ROUNDS} random moments`, async () => {
    const clients = Array.from({ length: CLIENTS }, () => new Client());
    let resumed = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const running = clients.map((client) => client.run(server.url));
      await until('all have begun', () => clients.every(({ current }) => current?.id));
      await sleep(between(0, 1000));
      // The database once by the end of its parent, once in the same moment and as hard.
      if (round % 2 === 0) await killDatabase(server.dataDir);
      await server.kill();
      await Promise.all(running);
      await server.launch();
      for (const client of clients) if (await client.recover(server.url)) resumed += 1;
    }
    expect(resumed).toBeGreaterThan(ROUNDS);

    for (const { finished, current } of clients) {
      for (const upload of finished) {
        expect((await upload.download(server.url)).equals(upload.bytes)).toBe(true);
      }
      if (current) await finishPatiently(current, server.url);
    }
  });
});

/** A dead writer's lease may have to run out first. */
async function finishPatiently(upload: ResumingUpload, base: string): Promise<void> {
  await until('the lease is over', async () => {
    await upload.ask(base);
    const done = upload.offset === upload.bytes.length;
    const { status } = await (done ? upload.complete(base) : upload.sendRest(base));
    return status !== 423;
  });
  expect(await upload.finish(base)).toEqual({ equal: true });
}

describe('kill -9 while an upload completes', () => {
  const HOOK_MS = 300;
  let server: ServerProcess;
  let database: TestDatabase;
  let client: Database;

  beforeAll(async () => {
    database = await createDatabase();
    client = new Database({ connectionString: database.url });
    await client.connect();
    await client.query('CREATE TABLE completions (upload_id uuid)');
    const host = { leaseTime: '2s', onCompleteMs: HOOK_MS };
    server = await ServerProcess.start({ program: 'host', databaseUrl: database.url, host });
  });

  afterAll(async () => {
    await client?.end();
    await server?.stop();
    await database?.drop();
  });

  // Some of them within the hook, some before and after it.
  const moments = Array.from({ length: rounds(30) }, () => between(0, 2 * HOOK_MS));

  it.each(moments)('does it once, also when killed after %i ms', async (moment) => {
    const upload = ResumingUpload.ofSize(100 * KIB);
    representation(await upload.sendRest(server.url));
    const cutOff = upload.complete(server.url).catch(() => null);
    await sleep(moment);
    await server.kill();
    await server.launch();
    const answered = await cutOff;

    await until('it can be completed', async () => {
      return (await upload.complete(server.url)).status !== 423;
    });
    const [first, second] = [await upload.complete(server.url), await upload.complete(server.url)];
    expect(first.status, first.bytes.toString()).toBe(200);
    expect(json(first)).toMatchObject({ completed: upload.id });
    expect(json(second)).toEqual(json(first));
    if (answered) expect(json(answered)).toEqual(json(first));

    const { rows } = await client.query('SELECT 1 FROM completions WHERE upload_id = $1', [
      upload.id,
    ]);
    expect(rows).toHaveLength(1);
    expect((await upload.download(server.url)).equals(upload.bytes)).toBe(true);
  });
});
