import { setTimeout as sleep } from 'node:timers/promises';
import type { ChunkedUpload, ChunkedUploadOptions, CompletionContext } from 'nestjs-chunked-upload';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, createDatabase, executeOn } from '../support/database.js';
import { type Host, startHost } from '../support/host.js';
import { expectInTime } from '../support/in-time.js';
import { RecordingLogger, loggingTo } from '../support/recording-logger.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { type Answer, UploadClient, md5, sample } from '../support/upload-client.js';
import { timed, until } from '../support/waiting.js';

// What callers are told of a database that is too slow, or gone without a word. The statements
// themselves: connections.spec.ts.

const LIMIT_MS = 1500;
const TOLERANCE_MS = 8000;

const file = sample(300);
const sum = md5(file);

type Hook = (upload: ChunkedUpload, context: CompletionContext) => unknown;

let hook: Hook = () => ({ ok: true });

const upload: ChunkedUploadOptions = {
  callTimeout: LIMIT_MS,
  onComplete: (completed, context) => hook(completed, context),
  cleanup: false,
};

let database: TestDatabase;
let line: TcpProxy;

beforeAll(async () => {
  database = await createDatabase();
  line = await TcpProxy.to(database.url);
});
afterAll(async () => {
  await line.cut();
  await database.drop();
});
afterEach(() => {
  hook = () => ({ ok: true });
  line.unmute();
});

/** A host at the end of the line. */
async function withHostOnLine(
  options: object,
  work: (host: Host, client: UploadClient) => Promise<void>,
): Promise<void> {
  const host = await startHost({ upload, database: { url: line.url, poolSize: 2, ...options } });
  try {
    await work(host, new UploadClient(`${host.url}/uploads`));
  } finally {
    line.unmute();
    await host.close();
  }
}

/** Holds the table as a migration does, while `work` runs. */
async function whileLocked(work: () => Promise<void>): Promise<void> {
  const migration = new Client({ connectionString: database.url });
  await migration.connect();
  await migration.query('BEGIN');
  await migration.query('LOCK TABLE chunked_upload IN ACCESS EXCLUSIVE MODE');
  try {
    await work();
  } finally {
    await migration.query('ROLLBACK');
    await migration.end();
  }
}

function expectUnavailable({ status, headers, body }: Answer): void {
  expect({ status, body }).toEqual({
    status: 503,
    body: { detail: 'The database is not available' },
  });
  expect(headers.get('retry-after')).toMatch(/^\d+$/);
}

async function isServed(client: UploadClient, id: string): Promise<void> {
  await until('it is served again', async () => (await client.get(id)).status === 200);
}

describe('callTimeout', () => {
  it('passes while a migration has the table: 503, and all goes on after it', async () => {
    await withHostOnLine({}, async (_, client) => {
      const { id } = await client.begin(file.subarray(0, 100), 300);
      await whileLocked(async () => {
        const { result: answers, ms } = await timed(async () =>
          Promise.all([
            client.get(id),
            client.put('bytes 100-299/300', file.subarray(100), { id }),
            client.put('bytes 0-99/300', file.subarray(0, 100)),
            client.whole(file, { query: { md5: sum } }),
            client.complete(id, sum),
            client.delete(id),
          ]),
        );
        for (const answer of answers) expectUnavailable(answer);
        expectInTime(ms, LIMIT_MS + TOLERANCE_MS);
      });
      await isServed(client, id);
      await until('the chunk is taken', async () => {
        const { status } = await client.put('bytes 100-299/300', file.subarray(100), { id });
        return status === 200 || (await client.offset(id)) === 300;
      });
      expect((await client.complete(id, sum)).body).toEqual({ ok: true });
    });
  });

  it('passes where a connection has died without a word, and others are made', async () => {
    await withHostOnLine({}, async (host, client) => {
      const { id } = await client.begin(file, 300);
      line.mute();
      const { result: answers, ms } = await timed(async () =>
        Promise.all(Array.from({ length: 6 }, async () => client.get(id))),
      );
      for (const answer of answers) expectUnavailable(answer);
      expectInTime(ms, LIMIT_MS + TOLERANCE_MS);
      line.unmute();
      await isServed(client, id);
      const { master } = host.dataSource.driver as unknown as { master: { waitingCount: number } };
      await until('nobody waits', () => master.waitingCount === 0);
    });
  });

  it('passes in the transaction of a completion, whatever the hook makes of it', async () => {
    await withHostOnLine({}, async (_, client) => {
      const { id } = await client.begin(file, 300);
      const slow: Hook = async (__, { manager }) => manager.query('SELECT pg_sleep(60)');
      const careless: Hook = async (...parameters) => {
        await Promise.resolve(slow(...parameters)).catch(() => undefined);
        return { ok: true };
      };
      for (const each of [slow, careless]) {
        hook = each;
        const { result: answer, ms } = await timed(async () => client.complete(id, sum));
        expectUnavailable(answer);
        expectInTime(ms, LIMIT_MS + TOLERANCE_MS);
      }
      hook = () => ({ ok: true });
      await until('it can be completed', async () => {
        const answer = await client.complete(id, sum);
        return answer.status === 200;
      });
    });
  });

  it('leaves a hook alone that takes longer by itself', async () => {
    await withHostOnLine({}, async (_, client) => {
      const { id } = await client.begin(file, 300);
      hook = async (__, { manager }) => {
        await sleep(2 * LIMIT_MS);
        await manager.query('SELECT 1');
        return { ok: true };
      };
      expect((await client.complete(id, sum)).body).toEqual({ ok: true });
    });
  });

  it('holds for the clean-up, the lists and the looks at owners', async () => {
    await withHostOnLine({}, async (host) => {
      await whileLocked(async () => {
        const calls = [
          host.uploads.removeExpired(),
          host.uploads.find(),
          host.uploads.findByOwner('person', 1),
          host.uploads.reconcile({ grace: 0 }),
        ];
        for (const outcome of await Promise.allSettled(calls)) {
          expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
        }
      });
    });
  });
});

describe("The database's own time limits", () => {
  it.each(['statement_timeout', 'lock_timeout', 'query_timeout'])('%s: 503', async (setting) => {
    const options = { extra: { [setting]: 1000 } };
    await withHostOnLine(options, async (_, client) => {
      const { id } = await client.begin(file.subarray(0, 100), 300);
      await whileLocked(async () => {
        expectUnavailable(await client.get(id));
        expectUnavailable(await client.put('bytes 100-299/300', file.subarray(100), { id }));
        expectUnavailable(await client.put('bytes 0-99/300', file.subarray(0, 100)));
      });
      await isServed(client, id);
    });
  });

  it.each(['idle_in_transaction_session_timeout', 'transaction_timeout'])(
    '%s ends the transaction under a slow hook: 503, and the next completion is one',
    async (setting) => {
      const limited = await createDatabase();
      const name = new URL(limited.url).pathname.slice(1);
      await executeOn(limited.url, `ALTER DATABASE ${name} SET ${setting} = '1500ms'`);
      const logger = new RecordingLogger();
      const said = loggingTo(logger);
      const host = await startHost({ ...said, upload, database: { url: limited.url } });
      const client = new UploadClient(`${host.url}/uploads`);
      try {
        const { id } = await client.begin(file, 300);
        hook = async () => {
          await sleep(3000);
          return { ok: true };
        };
        expectUnavailable(await client.complete(id, sum));
        // The line says what the server said, and not that a query runner is no longer there.
        expect(logger.lines).toEqual([expect.stringContaining('terminating connection due to')]);
        hook = async (_, { manager }) => {
          await sleep(3000);
          await manager.query('SELECT 1');
        };
        expectUnavailable(await client.complete(id, sum));
        hook = () => ({ ok: true });
        expect((await client.complete(id, sum)).body).toEqual({ ok: true });
      } finally {
        await host.close();
        await limited.drop();
      }
    },
  );

  it('an idle connection that is ended costs nothing', async () => {
    await withHostOnLine({}, async (_, client) => {
      const { id } = await client.begin(file, 300);
      await executeOn(
        database.url,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
      await isServed(client, id);
    });
  });
});
