import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Double } from 'nestjs-chunked-upload/testing';
import { Client } from 'pg';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, createDatabase } from '../support/database.js';
import { type HostOptions, withHost } from '../support/host.js';
import { type PgBouncer, hasPgBouncer, startPgBouncer } from '../support/pgbouncer.js';
import { ServerProcess } from '../support/server-process.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { liveWholeLife } from '../support/whole-life.js';

const file = sample(300_000);
const MIB = 1024 * 1024;
const SNAKE = /[A-Z]/g;

@Entity('bounced_person')
class Person {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('text', { default: '' })
  name!: string;
}

// Debian's package `pgbouncer`.
describe.skipIf(!hasPgBouncer).each([
  ['as many connections as are asked for', 20],
  // None may need one more while it has one.
  ['fewer connections than there are processes', 3],
])('Behind PgBouncer in transaction mode, with %s', (_, poolSize) => {
  let database: TestDatabase;
  let bouncer: PgBouncer;

  beforeAll(async () => {
    database = await createDatabase();
    bouncer = await startPgBouncer(database.url, poolSize);
  });
  afterAll(async () => {
    await bouncer?.stop();
    await database?.drop();
  });

  it('several processes of the demo start at once on a new database, and serve', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'bounced-'));
    const options = { databaseUrl: bouncer.url, dataDir };
    const servers = await Promise.all([1, 2, 3, 4].map(() => ServerProcess.start(options)));
    try {
      servers.push(await ServerProcess.start(options));
      expect(await advisoryLocks(database.url)).toBe(0);
      const clients = servers.map(({ url }) => new BasicClient(`${url}/uploads/files`, 'alice'));
      const [alice, again, third] = clients;
      if (!alice || !again || !third) throw new Error('Nobody is there');
      for (let round = 0; round < 5; round += 1) {
        const query = { owner_type: 'person', owner_id: '1' };
        const { id } = await alice.begin(file.subarray(0, 100_000), file.length, { query });
        const range = 'bytes 100000-299999/300000';
        const rest = file.subarray(100_000);
        const pair = await Promise.all([again, third].map((each) => each.put(range, rest, { id })));
        expect(pair.filter(({ status }) => status === 200)).toHaveLength(1);
        expect((await again.complete(id, md5(file))).status).toBe(200);
      }
    } finally {
      for (const server of servers) await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it('processes of the demo start at once on a new bucket as well, and serve chunks by turns', async () => {
    const double = await S3Double.start({ mode: 'ceph', buckets: [] });
    const { accessKeyId, secretAccessKey } = double.credentials;
    const env = {
      S3_ENDPOINT: double.endpoint,
      S3_BUCKET: 'bounced',
      S3_REGION: double.region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
    const fresh = await createDatabase();
    const own = await startPgBouncer(fresh.url, poolSize);
    const options = { databaseUrl: own.url, env };
    const servers = await Promise.all([1, 2, 3].map(() => ServerProcess.start(options)));
    try {
      expect(await advisoryLocks(fresh.url)).toBe(0);
      const clients = servers.map(({ url }) => new BasicClient(`${url}/uploads/files`, 'alice'));
      const large = sample(21 * MIB);
      const clientOf = (turn: number) => clients[turn % clients.length] as BasicClient;
      const { id } = await clientOf(0).begin(large.subarray(0, MIB), large.length);
      for (let turn = 1; turn < 21; turn += 1) {
        const [start, end] = [turn * MIB, (turn + 1) * MIB];
        const range = `bytes ${start}-${end - 1}/${large.length}`;
        const answer = await clientOf(turn).put(range, large.subarray(start, end), { id });
        expect(answer.upload).toMatchObject({ offset: end });
      }
      expect((await clientOf(1).complete(id, md5(large))).status).toBe(200);
      expect((await clientOf(2).download(id)).bytes.equals(large)).toBe(true);
      expect((await clientOf(0).delete(id)).status).toBe(204);
      expect(double.stored('bounced')).toEqual([]);
    } finally {
      for (const server of servers) await server.stop();
      await own.stop();
      await fresh.drop();
      await double.close();
    }
  });

  it('uploads live as anywhere', async () => {
    const options = { url: bouncer.url, entities: [Person] } as HostOptions['database'];
    const upload = { owners: { person: Person } };
    await withHost({ database: options, upload }, async (host) => {
      const { id } = await host.dataSource.getRepository(Person).save({});
      const column = (name: string) => name.replaceAll(SNAKE, (letter) => `_${letter}`);
      await liveWholeLife({ host, table: 'chunked_upload', column, ownerId: id });
    });
  });
});

class BasicClient extends UploadClient {
  protected override identity(): Record<string, string> {
    const pair = Buffer.from(`${this.user}:${this.user}-pw`).toString('base64');
    return { authorization: `Basic ${pair}` };
  }
}

async function advisoryLocks(url: string): Promise<number> {
  const client = new Client({ connectionString: url });
  await client.connect();
  // The locks of all databases are in it.
  const sql = `SELECT count(*)::int AS count FROM pg_locks WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  const { rows } = await client.query<{ count: number }>(sql);
  await client.end();
  return rows[0]?.count ?? -1;
}
