import {
  AbstractChunkedUpload,
  chunkedUploadMigrations,
  createUploadTable,
} from 'nestjs-chunked-upload';
import {
  ChildEntity,
  Entity,
  type MigrationInterface,
  PrimaryGeneratedColumn,
  type QueryRunner,
  TableInheritance,
} from 'typeorm';
import { describe, expect, it } from 'vitest';
import { startHost, withHost } from '../support/host.js';
import { UploadClient, sample } from '../support/upload-client.js';

const file = sample(300);

describe('Two entities of one table', () => {
  @Entity('shared_media')
  @TableInheritance({ column: { type: 'varchar', name: 'kind' } })
  class Medium extends AbstractChunkedUpload {}

  @ChildEntity()
  class Film extends Medium {}

  @ChildEntity()
  class Image extends Medium {}

  @Entity('twice')
  class Once extends AbstractChunkedUpload {}

  @Entity('twice')
  class Again extends AbstractChunkedUpload {}

  @Entity('twice')
  class Summary {
    @PrimaryGeneratedColumn('uuid')
    id!: string;
  }

  it('are no matter where the other is no upload type', async () => {
    class CreateOnce1763769600009 implements MigrationInterface {
      async up(queryRunner: QueryRunner): Promise<void> {
        await createUploadTable(queryRunner, Once);
      }

      async down(): Promise<void> {}
    }
    const database = {
      entities: [Summary],
      synchronize: false,
      migrations: [...chunkedUploadMigrations, CreateOnce1763769600009],
      migrationsRun: true,
    };
    await withHost({ database, types: [{ path: 'once', entity: Once }] }, async ({ url }) => {
      expect((await new UploadClient(`${url}/once`).file(file)).status).toBe(2);
    });
  });

  it('stop the start by the same name', async () => {
    const types = [
      { path: 'once', entity: Once },
      { path: 'again', entity: Again },
    ];
    await expect(startHost({ types })).rejects.toThrow(
      /option "entity" must have a table of its own: Again and Once share the table "twice"/,
    );
  });

  // Nest keeps entities for the hosts to come, of which this one cannot be without its parent.
  it('stop the start by single-table inheritance, also where one alone is an upload type', async () => {
    const entities = [Medium, Film, Image];
    const both = { path: false, entity: undefined } as const;
    const types = [
      { path: 'films', entity: Film },
      { path: 'images', entity: Image },
    ];
    const sentence =
      /option "entity" must have a table of its own: Film and \w+ share .*shared_media/;
    await expect(startHost({ database: { entities }, upload: both, types })).rejects.toThrow(
      sentence,
    );
    await expect(
      startHost({ database: { entities }, upload: { entity: Film as never } }),
    ).rejects.toThrow(sentence);
  });
});
