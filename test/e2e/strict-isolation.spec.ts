import type { ChunkedUpload, CompletionContext } from 'nestjs-chunked-upload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, createDatabase, executeOn } from '../support/database.js';
import { type Host, startBeside, startHost } from '../support/host.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { Person, Team } from './owners.entities.js';

// A database that has every transaction of everybody isolated from all others: who changes what
// somebody else has changed meanwhile is told 40001.

const ROUNDS = 10;
const file = sample(300);
const sum = md5(file);

describe.each(['serializable', 'repeatable read'])('A database that is %s', (level) => {
  let database: TestDatabase;
  let hosts: [Host, Host];
  const calls = new Map<string, number>();

  const onComplete = async (
    { id }: ChunkedUpload,
    { manager }: CompletionContext,
  ): Promise<unknown> => {
    calls.set(id, (calls.get(id) ?? 0) + 1);
    await manager.query('SELECT name FROM person WHERE id = 1');
    return { id };
  };

  beforeAll(async () => {
    database = await createDatabase();
    const name = new URL(database.url).pathname.slice(1);
    await executeOn(
      database.url,
      `ALTER DATABASE ${name} SET default_transaction_isolation = '${level}'`,
    );
    const owners = { person: { entity: Person, canAttach: () => true } };
    const upload = { onComplete, owners, cleanup: false } as const;
    const options = { upload, database: { url: database.url, entities: [Person, Team] } };
    const first = await startHost(options);
    hosts = [first, await startBeside(first, options)];
    await first.dataSource.manager.save(Object.assign(new Person(), { name: 'Ann' }));
  });
  afterAll(async () => {
    for (const host of hosts) await host.close();
    await database.drop();
  });

  /** The caller, at one process and the other in turn. */
  const ann = (turn: number): UploadClient => {
    const host = hosts[turn % 2] as Host;
    return new UploadClient(`${host.url}/uploads`);
  };

  const tally = (statuses: number[]): Record<number, number> => {
    const counts: Record<number, number> = {};
    for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  };

  it('accepts one of eight writers at one offset, and tells the others 423 or 400', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await ann(round).begin(file.subarray(0, 100), 300);
      const answers = await Promise.all(
        Array.from({ length: 8 }, async (_, turn) =>
          ann(turn).put('bytes 100-299/300', file.subarray(100), { id }),
        ),
      );
      const { 200: accepted, 400: late = 0, 423: busy = 0 } = tally(answers.map((a) => a.status));
      expect({ accepted, others: late + busy }).toEqual({ accepted: 1, others: 7 });
      expect((await ann(0).complete(id, sum)).status).toBe(200);
    }
  });

  it('completes once, whoever of ten asks', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await ann(round).begin(file, 300);
      const answers = await Promise.all(
        Array.from({ length: 10 }, async (_, turn) => ann(turn).complete(id, sum)),
      );
      const { 200: done = 0, 423: busy = 0, ...rest } = tally(answers.map((a) => a.status));
      // Who comes to the other process may find the hook running.
      expect({ all: done + busy, rest }).toEqual({ all: 10, rest: {} });
      expect(done).toBeGreaterThanOrEqual(1);
      expect((await ann(1).complete(id, sum)).body).toEqual({ id });
      expect((await ann(1).download(id)).bytes).toEqual(file);
    }
    for (const count of calls.values()) expect(count).toBe(1);
  });

  it('takes uploads of an owner, many at once', async () => {
    const query = { owner_type: 'person', owner_id: '1' };
    const answers = await Promise.all(
      Array.from({ length: 12 }, async (_, turn) =>
        ann(turn).put('bytes 0-99/300', file.subarray(0, 100), { query }),
      ),
    );
    expect(tally(answers.map((answer) => answer.status))).toEqual({ 200: 12 });
  });

  it('has at most the hook to be asked again, by who is told 503', async () => {
    const query = { md5: sum };
    const wholes = Array.from({ length: 12 }, async (_, turn) => {
      const statuses: number[] = [];
      while (statuses.at(-1) !== 200 && statuses.length < 50) {
        const { status, headers } = await ann(turn).whole(file, { query });
        if (status === 503) expect(headers.get('retry-after')).toMatch(/^\d+$/);
        statuses.push(status);
      }
      return statuses;
    });
    for (const statuses of await Promise.all(wholes)) {
      expect(statuses.at(-1)).toBe(200);
      for (const status of statuses.slice(0, -1)) expect(status).toBe(503);
    }
  });

  it('cleans up in two processes at once', async () => {
    await hosts[0].uploads.removeExpired({ unfinished: true });
    for (let count = 0; count < 20; count += 1) await ann(count).begin(file.subarray(0, 10), 300);
    const results = await Promise.all(
      hosts.map(async ({ uploads }) => uploads.removeExpired({ unfinished: true, batchSize: 3 })),
    );
    expect(results.reduce((total, { removed }) => total + removed, 0)).toBe(20);
  });
});
