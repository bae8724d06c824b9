import {
  AbstractChunkedUpload,
  ChunkedUpload,
  chunkedUploadMigrations,
  createUploadTable,
  updateUploadTable,
} from 'nestjs-chunked-upload';
import { Column, DataSource, Entity, type MigrationInterface, type QueryRunner } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestDatabase, createDatabase } from '../support/database.js';
import { withHost, withMigrations } from '../support/host.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

@Entity('own_video')
class OwnVideo extends AbstractChunkedUpload {
  @Column('text', { name: 'the_title', default: 'untitled' })
  title!: string;

  @Column('integer', { nullable: true })
  length!: number | null;
}

class CreateOwnVideo1763769600009 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await createUploadTable(queryRunner, OwnVideo);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('own_video');
  }
}

let database: TestDatabase;
let source: DataSource;

beforeEach(async () => {
  database = await createDatabase();
  source = new DataSource({
    type: 'postgres',
    url: database.url,
    entities: [ChunkedUpload, OwnVideo],
    migrations: [...chunkedUploadMigrations, CreateOwnVideo1763769600009],
  });
  await source.initialize();
});
afterEach(async () => {
  await source.destroy();
  await database.drop();
});

describe('chunkedUploadMigrations and createUploadTable', () => {
  it('leave nothing for synchronize to do', async () => {
    expect((await source.driver.createSchemaBuilder().log()).upQueries).not.toEqual([]);
    await source.runMigrations();
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('make indexes by name and size that synchronize leaves alone', async () => {
    const indexed = `SELECT indexdef AS definition FROM pg_indexes WHERE indexdef LIKE '%uuid_send%'
      ORDER BY 1`;
    await source.runMigrations();
    const before = await source.query(indexed);
    expect(before).toHaveLength(4);
    await source.synchronize();
    await source.synchronize();
    expect(await source.query(indexed)).toEqual(before);
  });

  it('make the indexes for what is asked', async () => {
    await source.runMigrations();
    const indexes: { definition: string }[] = await source.query(
      `SELECT indexdef AS definition FROM pg_indexes WHERE tablename = 'own_video'`,
    );
    const text = indexes.map(({ definition }) => definition).join('\n');
    expect(text).toMatch(/\(creator, created_at, id\)/);
    expect(text).toMatch(/\(owner_type, owner_id\)/);
    expect(text).toMatch(/\(expires_at\)$/m);
    expect(text).toMatch(/\(created_at, id\)/);
    expect(text).toMatch(/\(status, created_at, id\)/);
    expect(text).toMatch(/lower\(.*filename.*COLLATE "C"/);
    expect(text).toMatch(/COALESCE\(total/);
    expect(text).toMatch(/UNIQUE INDEX .* \(id\)/);
  });

  it('can be undone and done again', async () => {
    await source.runMigrations();
    for (const _ of [...chunkedUploadMigrations, CreateOwnVideo1763769600009]) {
      await source.undoLastMigration();
    }
    const tables = `SELECT 1 FROM pg_tables WHERE tablename IN ('own_video', 'chunked_upload')`;
    expect(await source.query(tables)).toEqual([]);
    await source.runMigrations();
    expect(await source.query(tables)).toHaveLength(2);
  });

  it('bring a table of version 0.1 up to date, and the uploads in it go on', async () => {
    await withHost({ database: withMigrations }, async (host) => {
      const uploads = new UploadClient(`${host.url}/uploads`);
      const { id } = await uploads.begin(sample(100), 200);
      await host.dataSource.query('ALTER TABLE chunked_upload DROP COLUMN attempt');
      await host.dataSource.query('ALTER TABLE chunked_upload RESET (fillfactor)');
      const runner = host.dataSource.createQueryRunner();
      await updateUploadTable(runner, ChunkedUpload);
      await updateUploadTable(runner, ChunkedUpload);
      await runner.release();
      const [{ reloptions }] = await host.dataSource.query<[{ reloptions: string[] }]>(
        `SELECT reloptions FROM pg_class WHERE relname = 'chunked_upload'`,
      );
      expect(reloptions).toEqual([expect.stringMatching(/^fillfactor=/)]);
      const rest = sample(100, 2);
      expect((await uploads.put('bytes 100-199/200', rest, { id })).status).toBe(200);
      const sum = md5(Buffer.concat([sample(100), rest]));
      expect((await uploads.complete(id, sum)).status).toBe(200);
    });
  });

  it('are all that a host needs', async () => {
    await withHost({ database: withMigrations }, async (host) => {
      const { status } = await new UploadClient(`${host.url}/uploads`).file(sample(300));
      expect(status).toBe(2);
    });
  });
});
