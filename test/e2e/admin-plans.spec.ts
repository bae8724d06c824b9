import type { CanActivate } from '@nestjs/common';
import {
  AbstractChunkedUpload,
  ChunkedUpload,
  chunkedUploadMigrations,
  createUploadTable,
  updateUploadTable,
} from 'nestjs-chunked-upload';
import { Entity, type Logger, type MigrationInterface, type QueryRunner } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, type HostOptions, startBeside, startHost } from '../support/host.js';
import { rounds } from '../support/rounds.js';

@Entity()
class Clip extends AbstractChunkedUpload {}

class CreateClip1763769600009 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await createUploadTable(queryRunner, Clip);
  }

  async down(): Promise<void> {}
}

const everybody: CanActivate = { canActivate: () => true };
const ROWS = rounds(1_000_000);

interface Statement {
  readonly sql: string;
  readonly parameters: unknown[];
}

/** Remembers what is asked of the database. */
class Recorder implements Logger {
  statements: Statement[] = [];

  logQuery(sql: string, parameters: unknown[] = []): void {
    this.statements.push({ sql, parameters });
  }

  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: Node[];
}

let host: Host;
const recorder = new Recorder();
const OPTIONS: HostOptions = {
  upload: { admin: { path: 'admin', guards: [everybody] } },
  types: [{ path: 'clips', entity: Clip }],
  database: {
    synchronize: false,
    migrations: [...chunkedUploadMigrations, CreateClip1763769600009],
    migrationsRun: true,
    logging: ['query'],
    logger: recorder,
  },
};

beforeAll(async () => {
  host = await startHost(OPTIONS);
  for (const [table, share] of [
    ['chunked_upload', 0.8],
    // More than are counted: else to read all of them is what is asked for.
    ['clip', 0.2],
  ] as const) {
    // Most are complete, few aborted, fewer expired; a tenth belongs to one creator.
    await host.dataSource.query(
      `INSERT INTO ${table} (id, filename, key, final_key, "offset", total, status, creator,
        owner_type, owner_id, created_at, completed_at, expires_at)
      SELECT gen_random_uuid(), 'Holiday-' || md5(n::text) || '.mp4', 'a/' || n, 'b/' || n,
        n, CASE WHEN n % 50 > 0 THEN n * 1000 END,
        CASE WHEN n % 100 < 8 THEN 1 WHEN n % 100 = 8 THEN 3 ELSE 2 END,
        CASE WHEN n % 10 = 0 THEN NULL WHEN n % 10 = 1 THEN 'big' ELSE 'user-' || n % 5000 END,
        CASE WHEN n % 3 = 0 THEN 'person' WHEN n % 1000 = 1 THEN 'rare' END,
        CASE WHEN n % 3 = 0 THEN (n % 10000)::text WHEN n % 1000 = 1 THEN '1' END,
        now() - n * interval '7 seconds',
        CASE WHEN n % 100 > 8 THEN now() - n * interval '7 seconds' END,
        CASE WHEN n % 100 < 8 THEN now() + (CASE WHEN n % 1000 < 8 THEN -1 ELSE 1 END) * n * interval '1 second' END
      FROM generate_series(1, $1::integer) AS n`,
      [ROWS * share],
    );
    await host.dataSource.query(`VACUUM ANALYZE ${table}`);
  }
});
afterAll(() => host.close());

const now = Date.now();
const daysAgo = (days: number): string => new Date(now - days * 86_400_000).toISOString();

const FILTERS: [string, Record<string, string>][] = [
  ['nothing', {}],
  ['a type', { type: 'clips' }],
  ...['incomplete', 'expired', 'complete', 'aborted'].map(
    (status): [string, Record<string, string>] => [status, { status }],
  ),
  ['a creator', { creator: 'user-17' }],
  ['a creator of many', { creator: 'big' }],
  ['a creator that there is not', { creator: 'nobody' }],
  ['anonymous', { anonymous: 'true' }],
  ['a kind of owner', { owner_type: 'person' }],
  ['a rare kind of owner', { owner_type: 'rare' }],
  ['a kind of owner that there is not', { owner_type: 'none' }],
  ['an owner', { owner_type: 'person', owner_id: '33' }],
  ['an old week', { from: daysAgo(8), to: daysAgo(1) }],
  [
    'an old minute',
    { from: new Date(now - 3_660_000).toISOString(), to: new Date(now - 3_600_000).toISOString() },
  ],
  ['a time before all', { to: daysAgo(10_000) }],
  ['all names', { search: 'holiday-' }],
  ['some names', { search: 'Holiday-7f' }],
  ['one name', { search: 'holiday-c4ca4238a0b923820dcc509a6f75849b' }],
  ['no name', { search: 'zzz' }],
  ['an id', { search: '3f2b7c1e-0000-4000-8000-000000000000' }],
  ['a creator and a status', { creator: 'big', status: 'aborted' }],
  ['a name, a status and a date', { search: 'Holiday-a', status: 'incomplete', from: daysAgo(2) }],
  [
    'an owner, a status and a creator',
    { owner_type: 'person', status: 'expired', anonymous: 'true' },
  ],
];
const SORTS = ['-created', 'created', '-filename', 'filename', '-size', 'size'];

describe(`With ${ROWS} records no list reads a whole table`, () => {
  it.each(FILTERS)(
    'of %s, in any order, on its first and on its second page',
    async (_, filter) => {
      for (const sort of SORTS) {
        const first = await plansOf('uploads', { ...filter, sort });
        await expectQuick(first.statements, { ...filter, sort });
        if (first.next === null) continue;
        const second = await plansOf('uploads', { ...filter, sort, after: first.next });
        await expectQuick(second.statements, { ...filter, sort });
      }
      const { statements } = await plansOf('count', filter);
      await expectQuick(statements, filter);
    },
  );
});

describe(`With ${ROWS} records`, () => {
  it.each([
    ['summary', {}],
    ['suggestions', { field: 'creator', prefix: 'user-1' }],
    ['suggestions', { field: 'creator', prefix: 'nobody' }],
    ['suggestions', { field: 'owner_type', prefix: '' }],
    ['suggestions', { field: 'owner_id', owner_type: 'person', prefix: '3' }],
  ] as [string, Record<string, string>][])('%s of %j reads no whole table', async (what, query) => {
    const { statements } = await plansOf(what, query);
    await expectQuick(statements, query);
  });

  it('counts and bytes are exact up to 10,000, and near the truth above', async () => {
    const answer = await fetch(`${host.url}/admin/api/summary`);
    const { types } = (await answer.json()) as {
      types: { type: string; statuses: { status: string; count: number; exact: boolean }[] }[];
    };
    const complete = types[0]!.statuses.find(({ status }) => status === 'complete')!;
    const truth = ROWS * 0.8 * 0.91;
    expect(complete.exact).toBe(false);
    expect(Math.abs(complete.count - truth)).toBeLessThan(truth / 10);
    const aborted = types[1]!.statuses.find(({ status }) => status === 'aborted')!;
    expect(aborted).toMatchObject({ count: (ROWS * 0.2) / 100, exact: true });
  });

  it('a part of a name is found by its index, once pg_trgm and the index are there', async () => {
    const before = (await plansOf('types', {})) as { searches_within?: boolean };
    expect(before.searches_within).toBe(false);
    await host.dataSource.query('CREATE EXTENSION pg_trgm');
    const runner = host.dataSource.createQueryRunner();
    await updateUploadTable(runner, ChunkedUpload);
    await updateUploadTable(runner, Clip);
    await runner.release();
    await host.dataSource.query('VACUUM ANALYZE chunked_upload');
    const beside = await startBeside(host, OPTIONS);
    try {
      for (const search of ['c4ca4238a0b923820dcc', 'liday-7f', 'zzz', 'holiday']) {
        recorder.statements = [];
        const url = `${beside.url}/admin/api/uploads?search=${search}`;
        const { uploads } = (await (await fetch(url)).json()) as { uploads: unknown[] };
        expect(uploads.length > 0).toBe(search !== 'zzz');
        await expectQuick([...recorder.statements], {});
      }
    } finally {
      await beside.close();
    }
  });
});

async function plansOf(what: string, query: Record<string, string>) {
  recorder.statements = [];
  const response = await fetch(`${host.url}/admin/api/${what}?${new URLSearchParams(query)}`);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  const { next = null, ...rest } = JSON.parse(text) as { next?: string | null };
  return { ...rest, next, statements: [...recorder.statements] };
}

async function expectQuick(
  statements: readonly Statement[],
  query: { sort?: string },
): Promise<void> {
  expect(statements.length).toBeGreaterThan(0);
  for (const { sql, parameters } of statements) {
    const [{ 'QUERY PLAN': plans }] = (await host.dataSource.query(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`,
      parameters,
    )) as [{ 'QUERY PLAN': [{ Plan: Node; 'Execution Time': number }] }];
    const [{ Plan, 'Execution Time': ms }] = plans;
    const nodes = [...nodesOf(Plan)];
    const title = `${JSON.stringify(query)} took ${ms} ms:\n${sql}\n${JSON.stringify(Plan, null, 1)}`;
    if (process.env['SHOW_PLANS']) {
      console.log(
        ms.toFixed(1),
        JSON.stringify(query),
        nodes.map((node) => node['Node Type']).join(' < '),
      );
    }
    const ours = nodes.filter((node) => !node['Relation Name']?.startsWith('pg_'));
    expect(
      ours.filter((node) => node['Node Type'] === 'Seq Scan'),
      title,
    ).toEqual([]);
  }
}

function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const each of node.Plans ?? []) yield* nodesOf(each);
}
