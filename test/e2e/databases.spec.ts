import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { IsOptional, IsString } from 'class-validator';
import {
  AbstractChunkedUpload,
  ChunkedUpload,
  type ChunkedUploadOptions,
  createUploadTable,
  updateUploadTable,
} from 'nestjs-chunked-upload';
import {
  Column,
  DefaultNamingStrategy,
  Entity,
  type MigrationInterface,
  PrimaryGeneratedColumn,
  type QueryRunner,
} from 'typeorm';
import { describe, expect, it } from 'vitest';
import { createDatabase, executeOn } from '../support/database.js';
import { type HostOptions, startHost, withHost } from '../support/host.js';
import { UploadClient, sample } from '../support/upload-client.js';
import { liveWholeLife } from '../support/whole-life.js';

@Injectable()
class AnnGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<{ user?: { id: string } }>().user?.id === 'ann';
  }
}

@Entity()
class Person {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('timestamptz', { default: () => 'now()' })
  since!: Date;
}

const admin = { path: 'admin', guards: [AnnGuard] };
const file = sample(300);

const snakeCase = (property: string) => property.replaceAll(/[A-Z]/g, (letter) => `_${letter}`);

/** With people, and an admin. */
function hostOf(database: HostOptions['database']): HostOptions {
  const options = { entities: [Person], ...database } as HostOptions['database'];
  return { database: options, upload: { admin, owners: { person: Person } } };
}

/** Options of a session, as PostgreSQL takes them at its start. */
function settings(given: Readonly<Record<string, string>>): HostOptions['database'] {
  const options = Object.entries(given).map(
    ([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`,
  );
  return { extra: { options: options.join(' ') } };
}

const STYLES = [
  ['ISO, YMD', 'America/St_Johns'],
  ['German', 'Asia/Kolkata'],
  ['SQL, DMY', 'Asia/Kolkata'],
  ['SQL, MDY', 'UTC'],
  ['Postgres, DMY', 'Australia/Lord_Howe'],
] as const;

describe.each(STYLES)(
  'In a database of the DateStyle %s and the time zone %s',
  (style, timezone) => {
    it('uploads live as anywhere', async () => {
      await withHost({ ...hostOf(settings({ datestyle: style, timezone })) }, async (host) => {
        const { id } = await host.dataSource.getRepository(Person).save({});
        await liveWholeLife({
          host,
          table: 'chunked_upload',
          column: snakeCase,
          ownerId: id,
          admin: 'admin',
        });
      });
    });

    it('the columns of an entity of the host have their values', async () => {
      @Entity('dated')
      class Dated extends AbstractChunkedUpload {
        @Column('timestamptz', { nullable: true })
        taken!: Date | null;

        @Column('timestamp', { nullable: true })
        local!: Date | null;

        @Column({ nullable: true })
        plain!: Date;

        @Column('date', { nullable: true })
        day!: string | null;

        @Column('timestamptz', { nullable: true })
        forEver!: Date | null;

        @Column('timestamptz', { array: true, nullable: true })
        all!: Date[] | null;
      }
      const database = settings({ datestyle: style, timezone });
      await withHost({ database, upload: { entity: Dated as never } }, async (host) => {
        const { id } = await new UploadClient(`${host.url}/uploads`).begin(file, 300);
        expect(await host.uploads.findOne(id)).toMatchObject({ taken: null, day: null });
        const taken = new Date('2021-03-04T05:06:07.089Z');
        await host.dataSource.query(
          `UPDATE dated SET taken = $1, day = '2021-03-04', "forEver" = 'infinity',
          local = '2021-03-04 05:06:07.089', plain = '2021-03-04 05:06:07.089' WHERE id = $2`,
          [taken, id],
        );
        const local = new Date(2021, 2, 4, 5, 6, 7, 89);
        const found = { taken, local, plain: local, day: '2021-03-04', forEver: Infinity };
        expect(await host.uploads.findOne(id)).toMatchObject(found);
      });
    });
  },
);

it('A database with other settings than the usual ones changes nothing', async () => {
  const database = settings({
    search_path: 'own, public',
    bytea_output: 'escape',
    standard_conforming_strings: 'off',
    intervalstyle: 'sql_standard',
    transform_null_equals: 'on',
    array_nulls: 'off',
    extra_float_digits: '-15',
    default_transaction_isolation: 'repeatable read',
  });
  await withSchema('own', async (url) => {
    // What another application, or an earlier one, has left where the path comes to later.
    await executeOn(url, 'CREATE TABLE chunked_upload (id int PRIMARY KEY)');
    await withHost(hostOf({ ...database, url } as HostOptions['database']), async (host) => {
      const { id } = await host.dataSource.getRepository(Person).save({});
      const table = 'own.chunked_upload';
      await liveWholeLife({ host, table, column: snakeCase, ownerId: id, admin: 'admin' });
    });
  });
});

class Capitals extends DefaultNamingStrategy {
  override tableName(target: string, given?: string): string {
    return (given ?? target).toUpperCase();
  }

  override columnName(property: string, given: string | undefined, prefixes: string[]): string {
    return [...prefixes, given ?? property].join('_').toUpperCase();
  }
}

class Prefixed extends DefaultNamingStrategy {
  override columnName(property: string, given: string | undefined, prefixes: string[]): string {
    return `c_${[...prefixes, given ?? property].join('_')}`;
  }
}

class Properties extends DefaultNamingStrategy {
  override columnName(property: string, _: string | undefined, prefixes: string[]): string {
    return [...prefixes, property].join('.');
  }
}

class Size {
  @Column('int', { default: 0 })
  offset!: number;

  @Column('text', { default: '' })
  status!: string;

  @Column('text', { default: '' })
  key!: string;
}

class Titled {
  @IsOptional()
  @IsString()
  title?: string;
}

const NAMES: Record<string, HostOptions['database']> = {
  'with a prefix for tables': { entityPrefix: 'app_' },
  'in a schema of its own': { schema: 'own' },
  'in capitals': { namingStrategy: new Capitals() },
  'with a prefix': { namingStrategy: new Prefixed() },
  'as properties, with dots': { namingStrategy: new Properties() },
};

describe.each(Object.entries(NAMES))('A host whose tables and columns are named %s', (_, names) => {
  @Entity('clip_of_host')
  class Clip extends AbstractChunkedUpload {
    @Column('text', { nullable: true })
    title!: string | null;

    // Properties that are called like ours, in an object of its own.
    @Column(() => Size)
    size!: Size;
  }

  class CreateClip1763769600009 implements MigrationInterface {
    async up(queryRunner: QueryRunner): Promise<void> {
      await createUploadTable(queryRunner, Clip);
    }

    async down(): Promise<void> {}
  }

  const migrated = {
    synchronize: false,
    migrations: [CreateClip1763769600009],
    migrationsRun: true,
  };

  it.each([
    ['synchronize', { synchronize: true }],
    ['createUploadTable', migrated],
  ])('has uploads that live as anywhere, by %s', async (_way, made) => {
    await withSchema('own', async (url) => {
      const database = { ...names, ...made, url } as HostOptions['database'];
      const upload = { admin, entity: Clip as never, fields: Titled };
      await withHost({ database, upload }, async (host) => {
        const metadata = host.dataSource.getMetadata(Clip);
        const column = (property: string) =>
          `"${metadata.findColumnWithPropertyPath(property)?.databaseName}"`;
        const table = metadata.tablePath.split('.').map((part) => `"${part}"`);
        await liveWholeLife({ host, table: table.join('.'), column, admin: 'admin' });

        const ann = new UploadClient(`${host.url}/uploads`);
        const { id, title } = await ann.begin(file, 300, { query: { title: 'A title' } });
        expect(title).toBe('A title');
        const size = { offset: 0, status: '', key: '' };
        expect(await host.uploads.findOne(id)).toMatchObject({ offset: 300, size });
        const runner = host.dataSource.createQueryRunner();
        await updateUploadTable(runner, Clip);
        await runner.release();
        const { upQueries } = await host.dataSource.driver.createSchemaBuilder().log();
        const queries = upQueries.map(({ query }) => query);
        expect(queries.filter((query) => /clip_of_host/i.test(query))).toEqual([]);
      });
    });
  });
});

it('The admin shows the values of embedded objects, and ours for ours', async () => {
  @Entity('embedding')
  class Embedding extends AbstractChunkedUpload {
    @Column(() => Size)
    size!: Size;
  }
  await withHost({ upload: { admin, entity: Embedding as never } }, async (host) => {
    const { id } = await new UploadClient(`${host.url}/uploads`).begin(file, 300);
    await host.dataSource.getRepository(Embedding).update(id, { size: { offset: 5, key: 'k' } });
    const url = `${host.url}/admin/api/uploads/${id}?type=uploads`;
    const response = await fetch(url, { headers: { 'x-user': 'ann' } });
    expect(await response.json()).toMatchObject({
      offset: 300,
      status: 'incomplete',
      own: { 'size.offset': 5, 'size.key': 'k', 'size.status': '' },
    });
  });
});

it('A property of an embedded object is no field', async () => {
  class WithKey {
    @IsString()
    key!: string;
  }
  @Entity('embedding_too')
  class Embedding extends AbstractChunkedUpload {
    @Column(() => Size)
    size!: Size;
  }
  const upload = { entity: Embedding as never, fields: WithKey };
  await expect(startHost({ upload })).rejects.toThrow(/option "fields" has "key"/);
});

describe('Behind a primary with a replica, and with a cache for every query', () => {
  it('all that is answered is of the primary, as it is now', async () => {
    const primary = await createDatabase();
    const replica = await createDatabase();
    try {
      const database = {
        entities: [Person],
        replication: { master: { url: primary.url }, slaves: [{ url: replica.url }] },
        cache: { alwaysEnabled: true, duration: 600_000 },
        url: undefined,
      } as HostOptions['database'];
      const allowed: number[] = [];
      const upload: ChunkedUploadOptions = {
        admin,
        owners: {
          person: {
            entity: Person,
            canAttach: (person: Person) => allowed.includes(person.id),
          },
        },
      };
      await withHost({ database, upload }, async (host) => {
        const ann = new UploadClient(`${host.url}/uploads`);
        const people = host.dataSource.getRepository(Person);
        const query = { owner_type: 'person', owner_id: '1' };
        // Nobody must remember that there was none, or that it was not allowed.
        expect((await ann.put('bytes 0-299/300', file, { query })).status).toBe(400);
        const { id } = await people.save({});
        expect(id).toBe(1);
        expect((await ann.put('bytes 0-299/300', file, { query })).status).toBe(400);
        allowed.push(id);
        const table = 'chunked_upload';
        await liveWholeLife({ host, table, column: snakeCase, ownerId: id, admin: 'admin' });

        const owned = await ann.file(file, { query });
        await people.remove(people.create({ id }));
        expect((await ann.get(owned.id)).status).toBe(404);
        expect((await ann.put('bytes 0-299/300', file, { query })).status).toBe(400);
      });
    } finally {
      await primary.drop();
      await replica.drop();
    }
  });
});

it('A table of version 0.1, whose index had a condition, comes to have the one without', async () => {
  await withHost({}, async ({ dataSource }) => {
    const indexes = async () => {
      const rows = await dataSource.query<{ definition: string }[]>(
        `SELECT indexdef AS definition FROM pg_indexes WHERE indexdef LIKE '%.chunked_upload %(expires_at)%'`,
      );
      return rows.map(({ definition }) => definition);
    };
    const [now] = await indexes();
    expect(now).toMatch(/\(expires_at\)$/);
    const [name] = /IDX_\w+/.exec(now ?? '') ?? [];
    await dataSource.query(`DROP INDEX "${name}"`);
    await dataSource.query('CREATE INDEX old ON chunked_upload (expires_at) WHERE status <> 2');
    const runner = dataSource.createQueryRunner();
    await updateUploadTable(runner, ChunkedUpload);
    expect(await indexes()).toEqual([now]);
    await updateUploadTable(runner, ChunkedUpload);
    await runner.release();
    expect(await indexes()).toEqual([now]);
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.filter(({ query }) => query.includes('"chunked_upload"'))).toEqual([]);
  });
});

/** A database with a schema beside `public`. */
async function withSchema(name: string, work: (url: string) => Promise<void>): Promise<void> {
  const database = await createDatabase();
  try {
    await executeOn(database.url, `CREATE SCHEMA ${name}`);
    await work(database.url);
  } finally {
    await database.drop();
  }
}
