import { type ChunkedUploadOptions, ChunkedUploadStatus } from 'nestjs-chunked-upload';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/demo/embedded-postgres.js';
import { type TestDatabase, createDatabase, executeOn, queryOn } from '../support/database.js';
import { type Host, startHost } from '../support/host.js';
import { storedFiles } from '../support/stored-files.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { type Answer, UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

const BYTES = sample(1000);

let database: TestDatabase;
let line: TcpProxy;
let host: Host;
let uploads: UploadClient;
/** To the same database, past the line that is cut. */
let direct: Client;
/** The same, for locks: within a transaction others' activity is seen only once. */
let locker: Client;

/** `hook` runs at the end of `onComplete`, right before the COMMIT. `server`: of the database. */
async function start(hook?: () => Promise<void>, server?: string): Promise<void> {
  database = await createDatabase('', server);
  line = await TcpProxy.to(database.url);
  direct = new Client({ connectionString: database.url });
  locker = new Client({ connectionString: database.url });
  await Promise.all([direct.connect(), locker.connect()]);
  await direct.query('CREATE TABLE completions (upload_id uuid)');
  const onComplete: ChunkedUploadOptions['onComplete'] = async ({ id }, { manager }) => {
    await manager.query('INSERT INTO completions VALUES ($1)', [id]);
    await hook?.();
    return { done: true };
  };
  host = await startHost({ database: { url: line.url }, upload: hook ? { onComplete } : {} });
  uploads = new UploadClient(`${host.url}/uploads`);
}

afterEach(async () => {
  await Promise.all([direct.end(), locker.end()]);
  await host.close();
  await line.cut();
  await database.drop();
});

/** Statements of the host that wait for something, a lock or a standby. */
async function waiting(): Promise<number> {
  const { rows } = await direct.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database()
      AND pid <> pg_backend_pid() AND wait_event_type IN ('Lock', 'IPC') AND state = 'active'`,
  );
  return rows[0]?.n ?? 0;
}

/** Loses the connection on which a statement waits. */
async function cutWhileItWaits(answer: Promise<Answer>): Promise<Answer> {
  await until('a statement waits', async () => (await waiting()) > 0);
  line.dropClients();
  return answer;
}

const INSERTS = {
  'a first chunk': () => uploads.put('bytes 0-999/2000', BYTES),
  'a whole file': () => uploads.whole(BYTES, { query: { md5: md5(BYTES) } }),
  'an upload without bytes': () =>
    uploads.send('PUT', { headers: { 'content-range': 'bytes */0' }, query: { filename: 'a' } }),
};

describe('A connection that breaks while the row of an upload is written', () => {
  it.each(Object.entries(INSERTS))(
    'costs no bytes of %s whose row is there',
    async (_, request) => {
      await start();
      await locker.query('BEGIN');
      // What CREATE INDEX takes: reading goes on.
      await locker.query('LOCK TABLE chunked_upload IN SHARE MODE');
      const answer = await cutWhileItWaits(request());
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
      await locker.query('COMMIT');

      await until('the row is there', async () => (await uploads.list()).length === 1);
      const [upload] = await uploads.list();
      const { id, offset, total, status } = upload!;
      if (status !== ChunkedUploadStatus.Complete && offset < (total ?? 0)) {
        const rest = sample(1000, 2);
        expect((await uploads.put('bytes 1000-1999/2000', rest, { id })).status).toBe(200);
        const sum = md5(Buffer.concat([BYTES, rest]));
        expect((await uploads.complete(id, sum)).status).toBe(200);
      } else if (status !== ChunkedUploadStatus.Complete) {
        expect((await uploads.complete(id, md5(Buffer.alloc(0)))).status).toBe(200);
      }
      const { bytes } = await uploads.download(id);
      expect(bytes.subarray(0, offset).equals(BYTES.subarray(0, offset))).toBe(true);
    },
  );

  it('leaves bytes that the reconciliation finds where the row is not', async () => {
    await start();
    await locker.query('BEGIN');
    await locker.query('LOCK TABLE chunked_upload IN SHARE MODE');
    const answer = await cutWhileItWaits(uploads.put('bytes 0-999/2000', BYTES));
    expect(answer.status).toBe(503);
    // The statement ends with its connection after all.
    await direct.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    await locker.query('COMMIT');
    expect(await uploads.list()).toEqual([]);
    expect(await storedFiles(host.root)).toHaveLength(1);
    expect(await host.uploads.reconcile({ grace: 0 })).toMatchObject({ removed: 1 });
    expect(await storedFiles(host.root)).toEqual([]);
  });
});

describe('A row that the database refuses', () => {
  it('leaves nothing', async () => {
    await start();
    await direct.query('ALTER TABLE chunked_upload ADD CHECK (total < 2000)');
    const answer = await uploads.put('bytes 0-999/2000', BYTES);
    expect(answer.status).toBe(500);
    expect(await storedFiles(host.root)).toEqual([]);
  });
});

describe('A connection that breaks while a COMMIT waits', () => {
  // Of its own: on it each COMMIT waits, whoever's it is.
  let folder: string;
  let postgres: EmbeddedPostgres;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'unknown-outcome-'));
    postgres = await startEmbeddedPostgres({ dataDir: folder });
  });
  afterAll(async () => {
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function setStandby(name: string): Promise<void> {
    await executeOn(postgres.url, `ALTER SYSTEM SET synchronous_standby_names = '${name}'`);
    await executeOn(postgres.url, 'SELECT pg_reload_conf()');
  }

  /** From here on each COMMIT waits for a standby that is not there, and is done nevertheless. */
  async function loseStandby(): Promise<void> {
    await setStandby('none');
    const commit = "SELECT pg_logical_emit_message(true, 'of', 'this test')";
    const waits = `SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'`;
    let isOver = true;
    // The server's processes learn of a setting one by one.
    await until('a COMMIT waits', async () => {
      if (isOver) {
        isOver = false;
        const over = (): void => void (isOver = true);
        executeOn(postgres.url, commit).then(over, over);
      }
      return (await queryOn(postgres.url, waits)).length > 0;
    });
  }

  it.each(['a whole file', 'a completion'])(
    'costs nothing of %s, which happens once',
    async (what) => {
      await start(loseStandby, postgres.url);
      const request = async (): Promise<Answer> => {
        if (what === 'a whole file') return uploads.whole(BYTES, { query: { md5: md5(BYTES) } });
        const { id } = await uploads.begin(BYTES, BYTES.length);
        return uploads.complete(id, md5(BYTES));
      };
      try {
        expect((await cutWhileItWaits(request())).status).toBe(503);
      } finally {
        await setStandby('');
      }
      await until(
        'it is complete',
        async () => (await uploads.list())[0]?.status === ChunkedUploadStatus.Complete,
      );
      const [{ id } = { id: '' }] = await uploads.list();
      expect((await uploads.complete(id, md5(BYTES))).body).toEqual({ done: true });
      expect((await uploads.download(id)).bytes.equals(BYTES)).toBe(true);
      expect((await direct.query('SELECT 1 FROM completions')).rows).toHaveLength(1);
    },
  );
});
