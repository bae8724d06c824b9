import {
  Column,
  DataSource,
  type DataSourceOptions,
  Entity,
  EventSubscriber,
  type EntitySubscriberInterface,
  PrimaryColumn,
} from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Connections } from '../../src/chunked-upload/database/connections.js';
import { OwnerTable } from '../../src/chunked-upload/database/owner-table.js';
import { isRefusal } from '../../src/chunked-upload/database/refusal.js';
import { type TestDatabase, createDatabase } from '../support/database.js';
import { expectInTime } from '../support/in-time.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { timed, until } from '../support/waiting.js';

// No whole seconds: the database would show them as such.
const LIMIT_MS = 1200;
// What a busy machine may add to that.
const TOLERANCE_MS = 5000;

@Entity()
class Note {
  @PrimaryColumn('text')
  id!: string;

  @Column('text', { default: '' })
  words!: string;
}

/** A subscriber of the host's that can be made to fail. */
@EventSubscriber()
class Nuisance implements EntitySubscriberInterface {
  static at:
    'beforeTransactionCommit' | 'afterTransactionCommit' | 'beforeTransactionRollback' | null =
    null;

  beforeTransactionCommit(): void {
    this.#fail('beforeTransactionCommit');
  }

  afterTransactionCommit(): void {
    this.#fail('afterTransactionCommit');
  }

  beforeTransactionRollback(): void {
    this.#fail('beforeTransactionRollback');
  }

  #fail(at: typeof Nuisance.at): void {
    if (Nuisance.at === at) throw new Error(`a subscriber at ${at}`);
  }
}

interface Pool {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

let database: TestDatabase;
let line: TcpProxy;
let source: DataSource;
let connections: Connections;
const warnings: string[] = [];

/** A pool of two at the end of the line, and nobody else's. */
async function connect(options: Partial<DataSourceOptions> = {}): Promise<void> {
  const logger = {
    log: (_: string, message: unknown) => void warnings.push(String(message)),
    ...Object.fromEntries(
      ['logQuery', 'logQueryError', 'logQuerySlow', 'logSchemaBuild', 'logMigration'].map(
        (name) => [name, () => undefined],
      ),
    ),
  };
  source = new DataSource({
    type: 'postgres',
    url: line.url,
    poolSize: 2,
    entities: [Note],
    subscribers: [Nuisance],
    logger,
    ...options,
  } as DataSourceOptions);
  await source.initialize();
  connections = new Connections(source, LIMIT_MS);
}

function pool(): Pool {
  return (source.driver as unknown as { master: Pool }).master;
}

const query = async (sql: string, parameters: unknown[] = []): Promise<unknown> =>
  connections.run(async (manager) => manager.query(sql, parameters));

const insert = (id: string) =>
  query('INSERT INTO note (id) VALUES ($1) ON CONFLICT DO NOTHING', [id]);

async function notes(): Promise<string[]> {
  const other = await new DataSource({ type: 'postgres', url: database.url }).initialize();
  try {
    const rows = await other.query<{ id: string }[]>('SELECT id FROM note ORDER BY id');
    return rows.map(({ id }) => id);
  } finally {
    await other.destroy();
  }
}

/** What `work` throws; it must. */
async function failureOf(work: Promise<unknown>): Promise<Error & { cause?: unknown }> {
  return work.then(
    () => expect.fail('It did not fail'),
    (error: unknown) => error as Error,
  );
}

const noAnswer = { code: 'unavailable', cause: { name: 'NoAnswer' } };
const noConnection = { code: 'unavailable', cause: { name: 'NoConnection' } };

beforeAll(async () => {
  database = await createDatabase();
  line = await TcpProxy.to(database.url);
});
afterAll(async () => {
  await line.cut();
  await database.drop();
});

beforeEach(async () => {
  Nuisance.at = null;
  warnings.length = 0;
  line.unmute();
  await connect({ synchronize: true });
  await source.query('DELETE FROM note');
});
afterEach(() => source.destroy());

describe('A statement', () => {
  it('that is not answered in time fails, and its place in the pool is free again', async () => {
    const slow = [query('SELECT pg_sleep(60)'), query('SELECT pg_sleep(60)')];
    const { result, ms } = await timed(async () => Promise.all(slow.map(failureOf)));
    for (const error of result) {
      expect(error).toMatchObject(noAnswer);
      expect(isRefusal(error)).toBe(false);
    }
    expect(ms).toBeGreaterThanOrEqual(LIMIT_MS - 10);
    expectInTime(ms, LIMIT_MS + TOLERANCE_MS);
    expect(pool().totalCount).toBe(0);
    await Promise.all([insert('a'), insert('b')]);
    expect(await notes()).toEqual(['a', 'b']);
  });

  it('on a connection that has died without a word takes that with it', async () => {
    await query('SELECT 1');
    line.mute();
    expect(await failureOf(insert('a'))).toMatchObject(noAnswer);
    line.unmute();
    await insert('b');
    expect(await notes()).toEqual(['b']);
  });

  it('that gets no connection in time is not sent when one comes', async () => {
    const held = [source.createQueryRunner(), source.createQueryRunner()];
    for (const runner of held) await runner.connect();
    const { result: error, ms } = await timed(() => failureOf(insert('a')));
    expect(error).toMatchObject(noConnection);
    expect(isRefusal(error)).toBe(true);
    expectInTime(ms, LIMIT_MS + TOLERANCE_MS);
    expect(pool().waitingCount).toBe(1);
    for (const runner of held) await runner.release();
    await until('all connections are given back', () => pool().idleCount === 2);
    expect(pool().waitingCount).toBe(0);
    await insert('b');
    expect(await notes()).toEqual(['b']);
  });

  it('brings the pool back where new connections are accepted and get no answer', async () => {
    line.mute();
    const lost = Array.from({ length: 5 }, (_, n) => failureOf(insert(String(n))));
    for (const error of await Promise.all(lost))
      expect(error).toMatchObject({ code: 'unavailable' });
    line.unmute();
    // Both places are taken by connections that are being made, for ever if nobody ends them.
    await until('there are connections again', async () => {
      return insert('a').then(
        () => true,
        () => false,
      );
    });
    expect(await notes()).toEqual(['a']);
  });

  it('that the driver gave up does not hold up the next', async () => {
    await source.destroy();
    await connect({ extra: { query_timeout: 1000 } });
    const error = await failureOf(query('SELECT pg_sleep(60)'));
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(isRefusal(error)).toBe(false);
    expect(pool().totalCount).toBe(0);
    await insert('a');
  });

  it('is answered by the primary, and of no cache', async () => {
    const replica = await createDatabase();
    await source.destroy();
    const master = { url: line.url };
    const slaves = [{ url: replica.url }];
    await connect({
      replication: { master, slaves },
      cache: { alwaysEnabled: true, duration: 60_000 },
      synchronize: true,
    });
    const owners = new OwnerTable(connections, Note);
    expect(await owners.find('a')).toMatchObject({ record: null });
    await insert('a');
    expect(await owners.find('a')).toMatchObject({ record: { id: 'a' } });
    await source.query('DELETE FROM note');
    expect(await owners.find('a')).toMatchObject({ record: null });
    await source.destroy();
    await replica.drop();
    await connect();
  });
});

describe('A conflict with somebody else', () => {
  const lose = `DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$`;

  it('is asked again, until it is none', async () => {
    let attempts = 0;
    const result = await connections.run(async (manager) => {
      attempts += 1;
      await manager.query(attempts < 4 ? lose : 'SELECT 1');
      return attempts;
    });
    expect(result).toBe(4);
  });

  it('for ever is a refusal', async () => {
    let attempts = 0;
    const error = await failureOf(
      connections.run(async (manager) => {
        attempts += 1;
        await manager.query(lose);
      }),
    );
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(isRefusal(error)).toBe(true);
    expect(attempts).toBe(6);
  });

  it('in a transaction is asked again only where that may be', async () => {
    for (const repeatable of [true, false]) {
      let attempts = 0;
      const work = connections.transaction(
        async (manager) => {
          attempts += 1;
          await manager.query('INSERT INTO note (id) VALUES ($1)', [String(repeatable)]);
          if (attempts === 1) await manager.query(lose);
        },
        { repeatable: () => repeatable },
      );
      if (repeatable) await work;
      else expect(await failureOf(work)).toMatchObject({ code: 'unavailable' });
      expect(attempts).toBe(repeatable ? 2 : 1);
    }
    expect(await notes()).toEqual(['true']);
  });
});

describe('A transaction', () => {
  it('commits, and tells that directly before', async () => {
    let before: string[] | null = null;
    let told = 0;
    const result = await connections.transaction(
      async (manager) => {
        await manager.insert(Note, { id: 'a' });
        before = await notes();
        expect(told).toBe(0);
        return 7;
      },
      { committing: () => (told += 1) },
    );
    expect({ result, before, told }).toEqual({ result: 7, before: [], told: 1 });
    expect(await notes()).toEqual(['a']);
    expect(pool().idleCount).toBe(pool().totalCount);
  });

  it('whose work fails keeps nothing, and never tells', async () => {
    const work = async (manager: { insert: DataSource['manager']['insert'] }): Promise<void> => {
      await manager.insert(Note, { id: 'a' });
      throw new RangeError('the work');
    };
    const committing = () => expect.fail('told');
    const error = await failureOf(connections.transaction(work, { committing }));
    expect(error).toBeInstanceOf(RangeError);
    expect(await notes()).toEqual([]);
    expect(pool().idleCount).toBe(pool().totalCount);
    await insert('b');
  });

  it('sends nothing after a statement without an answer, also where that was caught', async () => {
    let second: unknown = null;
    const work = connections.transaction(async (manager) => {
      await manager.insert(Note, { id: 'a' });
      const first = await failureOf(manager.query('SELECT pg_sleep(60)'));
      second = await failureOf(manager.insert(Note, { id: 'b' }));
      expect(second).toBe(first);
      throw second;
    });
    const { result: error, ms } = await timed(() => failureOf(work));
    expect(error).toMatchObject(noAnswer);
    expect(error).toBe(second);
    expectInTime(ms, LIMIT_MS + TOLERANCE_MS);
    expect(pool().totalCount).toBe(0);
    expect(await notes()).toEqual([]);
  });

  it('that was given up locks nobody out: Postgres ends its statement as well', async () => {
    await insert('a');
    await failureOf(
      connections.transaction(async (manager) => {
        await manager.update(Note, { id: 'a' }, { words: 'locked' });
        await manager.query('SELECT pg_sleep(60)');
      }),
    );
    await until('the row is free', async () => {
      const rows = await query('SELECT 1 FROM note FOR UPDATE SKIP LOCKED');
      return (rows as unknown[]).length === 1;
    });
  });

  it('has limits of its own, and the isolation of the data source', async () => {
    await source.destroy();
    await connect({ isolationLevel: 'SERIALIZABLE' });
    const found = await connections.transaction(async (manager) =>
      manager.query<object[]>(
        `SELECT current_setting('transaction_isolation') AS "isolation",
         current_setting('statement_timeout') AS "limit",
         current_setting('tcp_keepalives_idle') AS "idle",
         current_setting('tcp_keepalives_interval') AS "interval"`,
      ),
    );
    const [isolation, limit] = ['serializable', `${LIMIT_MS}ms`];
    expect(found).toEqual([{ isolation, limit, idle: '2', interval: '1' }]);
    expect(await query('SHOW statement_timeout')).toEqual([{ statement_timeout: '0' }]);
  });

  it('whose work goes on after its connection has died is unavailable', async () => {
    const error = await failureOf(
      connections.transaction(async (manager) => {
        await manager.insert(Note, { id: 'a' });
        line.mute();
        return 'done';
      }),
    );
    expect(error).toMatchObject(noAnswer);
    expect(isRefusal(error)).toBe(false);
  });

  it('whose connection the server ends between two statements is unavailable', async () => {
    const error = await failureOf(
      connections.transaction(async (manager) => {
        const [row] = await manager.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
        await query('SELECT pg_terminate_backend($1)', [row?.pid]);
        await until('it is gone', () => pool().totalCount === 1);
        await manager.insert(Note, { id: 'a' });
      }),
    );
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(isRefusal(error)).toBe(false);
    await insert('b');
    expect(await notes()).toEqual(['b']);
  });

  it('whose COMMIT has no answer may commit nevertheless', async () => {
    await source.query(
      `CREATE OR REPLACE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN PERFORM pg_sleep(${LIMIT_MS / 500}); RETURN NULL; END $$`,
    );
    await source.query(
      `CREATE CONSTRAINT TRIGGER late AFTER INSERT ON note DEFERRABLE INITIALLY DEFERRED
       FOR EACH ROW EXECUTE FUNCTION late()`,
    );
    let told = 0;
    const error = await failureOf(
      connections.transaction(async (manager) => manager.insert(Note, { id: 'a' }), {
        committing: () => (told += 1),
      }),
    );
    expect(error).toMatchObject(noAnswer);
    expect(isRefusal(error)).toBe(false);
    expect(told).toBe(1);
    await until('it is committed', async () => (await notes()).length === 1);
    await source.query('DROP TRIGGER late ON note');
  });

  it('whose COMMIT is refused is a refusal', async () => {
    await source.query(
      'ALTER TABLE note ADD CONSTRAINT words_once UNIQUE (words) DEFERRABLE INITIALLY DEFERRED',
    );
    let told = 0;
    const work = connections.transaction(
      async (manager) => {
        await manager.insert(Note, { id: 'a' });
        await manager.insert(Note, { id: 'b' });
      },
      { committing: () => (told += 1) },
    );
    const error = await failureOf(work);
    expect({ refused: isRefusal(error), told }).toEqual({ refused: true, told: 1 });
    expect(await notes()).toEqual([]);
    await source.query('ALTER TABLE note DROP CONSTRAINT words_once');
  });

  it('is kept where a subscriber fails after its COMMIT, which is said', async () => {
    Nuisance.at = 'afterTransactionCommit';
    const result = await connections.transaction(async (manager) => {
      await manager.insert(Note, { id: 'a' });
      return 7;
    });
    expect(result).toBe(7);
    expect(await notes()).toEqual(['a']);
    expect(warnings).toEqual([expect.stringContaining('a subscriber at afterTransactionCommit')]);
  });

  it('of which a statement failed, and somebody caught that, is not taken for committed', async () => {
    let told = 0;
    const work = connections.transaction(
      async (manager) => {
        await manager.insert(Note, { id: 'a' });
        await manager.query('SELECT 1 / 0').catch(() => undefined);
      },
      { committing: () => (told += 1) },
    );
    const error = await failureOf(work);
    expect({ name: error.name, refused: isRefusal(error), told }).toEqual({
      name: 'RolledBack',
      refused: true,
      told: 1,
    });
    expect(await notes()).toEqual([]);
  });

  it('is not kept where a subscriber fails before', async () => {
    Nuisance.at = 'beforeTransactionCommit';
    const committing = () => expect.fail('told');
    const insertNote = async (manager: DataSource['manager']) => manager.insert(Note, { id: 'a' });
    const error = await failureOf(connections.transaction(insertNote, { committing }));
    expect(error.message).toBe('a subscriber at beforeTransactionCommit');
    expect(await notes()).toEqual([]);
  });

  it('that could not be rolled back leaves no connection behind that is still in it', async () => {
    Nuisance.at = 'beforeTransactionRollback';
    await failureOf(
      connections.transaction(async (manager) => {
        await manager.insert(Note, { id: 'a' });
        throw new Error('the work');
      }),
    );
    expect(pool().idleCount).toBe(pool().totalCount);
    await Promise.all([insert('b'), insert('c')]);
    expect(await notes()).toEqual(['b', 'c']);
  });
});

describe("A statement in the host's transaction", () => {
  it('has the limit, and leaves the connection to the host', async () => {
    const runner = source.createQueryRunner();
    await runner.startTransaction();
    const seconds = (2 * LIMIT_MS) / 1000;
    const slow = connections.run(
      async (manager) => manager.query('SELECT pg_sleep($1)', [seconds]),
      runner.manager,
    );
    const { result: error, ms } = await timed(() => failureOf(slow));
    expect(error).toMatchObject(noAnswer);
    expectInTime(ms, LIMIT_MS + TOLERANCE_MS);
    await runner.manager.insert(Note, { id: 'a' });
    await runner.commitTransaction();
    await runner.release();
    expect(await notes()).toEqual(['a']);
  });

  it('is asked once, and fails with what the database says', async () => {
    await source.transaction(async (manager) => {
      await manager.query('SAVEPOINT here');
      let attempts = 0;
      const lose = async (within: DataSource['manager']) => {
        attempts += 1;
        await within.query(`DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$`);
      };
      expect(await failureOf(connections.run(lose, manager))).toMatchObject({
        code: 'unavailable',
      });
      expect(attempts).toBe(1);
      await manager.query('ROLLBACK TO SAVEPOINT here');
    });
  });

  it('is one by itself where the manager is of no transaction', async () => {
    const held = source.createQueryRunner();
    await held.connect();
    await connections.run(async (manager) => manager.insert(Note, { id: 'a' }), source.manager);
    expect(await notes()).toEqual(['a']);
    await held.release();
  });
});
