import { createServer } from 'node:net';
import { once } from 'node:events';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Connections } from '../../src/chunked-upload/database/connections.js';
import { isConflict } from '../../src/chunked-upload/database/database-failure.js';
import { isRefusal } from '../../src/chunked-upload/database/refusal.js';
import { type TestDatabase, createDatabase } from '../support/database.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/waiting.js';

// What a real Postgres and its driver throw; all kinds of errors: test/unit/refusal.spec.ts.

let database: TestDatabase;
let line: TcpProxy;
let source: DataSource;
let beside: DataSource;
let connections: Connections;

beforeAll(async () => {
  database = await createDatabase();
  line = await TcpProxy.to(database.url);
  source = await new DataSource({ type: 'postgres', url: line.url }).initialize();
  beside = await new DataSource({ type: 'postgres', url: database.url }).initialize();
  connections = new Connections(source, 20_000);
  await source.query('CREATE TABLE account (id int PRIMARY KEY, amount int NOT NULL)');
  await source.query('INSERT INTO account VALUES (1, 10)');
});
afterAll(async () => {
  await source.destroy();
  await beside.destroy();
  await line.cut();
  await database.drop();
});

async function failureOf(work: (manager: EntityManager) => Promise<unknown>): Promise<unknown> {
  return connections.run(work).then(
    () => expect.fail('It did not fail'),
    (error: unknown) => error,
  );
}

async function pidOf(runner: QueryRunner | undefined): Promise<number> {
  const rows = (await runner?.query('SELECT pg_backend_pid() AS pid')) as { pid: number }[];
  return rows[0]?.pid ?? 0;
}

/** The statement sleeps; `strike` comes while it does. */
async function whileAsleep(strike: (pid: number) => Promise<unknown>): Promise<unknown> {
  return failureOf(async ({ queryRunner }) => {
    const pid = await pidOf(queryRunner);
    const asleep = queryRunner?.query('SELECT pg_sleep(60)');
    asleep?.catch(() => undefined);
    await until('it sleeps', async () => {
      const sql = `SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'`;
      return (await beside.query<unknown[]>(sql, [pid])).length > 0;
    });
    await strike(pid);
    await asleep;
  });
}

describe('isRefusal, of what a real database throws', () => {
  it('a unique violation', async () => {
    const error = await failureOf((manager) => manager.query('INSERT INTO account VALUES (1, 1)'));
    expect(isRefusal(error)).toBe(true);
  });

  it.each(['SERIALIZABLE', 'REPEATABLE READ'] as const)('a conflict: %s', async (level) => {
    const runner = source.createQueryRunner();
    await runner.startTransaction(level);
    await runner.query('SELECT amount FROM account');
    await beside.query('UPDATE account SET amount = amount + 1');
    const error: unknown = await runner
      .query('UPDATE account SET amount = amount + 1')
      .catch((reason: unknown) => reason);
    await runner.rollbackTransaction();
    await runner.release();
    expect({ refused: isRefusal(error), conflict: isConflict(error) }).toEqual({
      refused: true,
      conflict: true,
    });
  });

  it('a statement_timeout', async () => {
    const error = await failureOf(async ({ queryRunner }) => {
      await queryRunner?.query("SET statement_timeout = '50ms'");
      try {
        await queryRunner?.query('SELECT pg_sleep(60)');
      } finally {
        await queryRunner?.query('RESET statement_timeout');
      }
    });
    expect(error).toMatchObject({ code: 'unavailable' });
    // Its class also has the shutdowns, of which nobody knows what they did to a COMMIT.
    expect(isRefusal(error)).toBe(true);
  });

  it('unknown: a backend that was terminated', async () => {
    const error = await whileAsleep((pid) =>
      beside.query('SELECT pg_terminate_backend($1)', [pid]),
    );
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(isRefusal(error)).toBe(false);
  });

  it('unknown: a connection that was cut', async () => {
    const error = await whileAsleep(async () => line.cut());
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(isRefusal(error)).toBe(false);
    await line.open();
  });

  it('a server that does not listen', async () => {
    await line.cut();
    // Connections of the pool that notice their end only when they are used.
    await until('the pool has noticed', async () => {
      const error = await failureOf((manager) => manager.query('SELECT 1'));
      return isRefusal(error);
    });
    await line.open();
    await connections.run((manager) => manager.query('SELECT 1'));
  });

  it('a server that ends new connections at once', async () => {
    const server = createServer((socket) => socket.destroy());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    line.redirect(`postgres://127.0.0.1:${port}`);
    await line.cut();
    await line.open();
    await until('the pool has noticed', async () => {
      const error = await failureOf((manager) => manager.query('SELECT 1'));
      expect(error).toMatchObject({ code: 'unavailable' });
      return isRefusal(error);
    });
    line.redirect(database.url);
    server.close();
    await connections.run((manager) => manager.query('SELECT 1'));
  });
});
