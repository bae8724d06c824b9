import type { CanActivate } from '@nestjs/common';
import {
  AbstractChunkedUpload,
  ChunkedUpload,
  chunkedUploadMigrations,
  createUploadTable,
  updateUploadTable,
} from 'nestjs-chunked-upload';
import { Column, Entity, PrimaryColumn, type MigrationInterface, type QueryRunner } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { RecordingLogger, loggingTo } from '../support/recording-logger.js';
import { RawConnection } from '../support/raw-connection.js';
import { UploadClient, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

// What somebody who looks after uploads does with them: files, all that match, owner and expiry.

@Entity()
class Clip extends AbstractChunkedUpload {}

@Entity('person')
class Person {
  @PrimaryColumn('text')
  id!: string;

  @Column('text', { default: '' })
  name!: string;
}

class CreateTables1763769600009 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await createUploadTable(queryRunner, Clip);
    await queryRunner.query(`CREATE TABLE person (id text PRIMARY KEY, name text DEFAULT '')`);
  }

  async down(): Promise<void> {}
}

const everybody: CanActivate = { canActivate: () => true };
const logger = new RecordingLogger();
const file = sample(300);
let host: Host;
let uploads: UploadClient;
let clips: UploadClient;

beforeAll(async () => {
  host = await startHost({
    upload: {
      admin: { path: 'admin', guards: [everybody] },
      owners: { person: { entity: Person, canAttach: () => false } },
    },
    types: [{ path: 'clips', entity: Clip, owners: {} }],
    database: {
      entities: [Person],
      synchronize: false,
      migrations: [...chunkedUploadMigrations, CreateTables1763769600009],
      migrationsRun: true,
    },
    ...loggingTo(logger),
  });
  uploads = new UploadClient(`${host.url}/uploads`);
  clips = new UploadClient(`${host.url}/clips`);
});
afterAll(() => host.close());
beforeEach(async () => {
  await host.dataSource.query('TRUNCATE chunked_upload, clip, person');
  logger.lines.length = 0;
});

const get = (
  path: string,
  init: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  } = {},
): Promise<Response> =>
  fetch(`${host.url}/admin/api/${path}`, {
    ...init,
    headers: { 'x-user': 'root', ...init.headers },
  });

async function json<R>(path: string): Promise<R> {
  const response = await get(path);
  expect(response.status).toBe(200);
  return (await response.json()) as R;
}

async function post(path: string, body: object) {
  const headers = { 'content-type': 'application/json' };
  const response = await get(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const names = async (query = ''): Promise<string[]> =>
  (await json<{ uploads: { filename: string }[] }>(`uploads?${query}`)).uploads
    .map(({ filename }) => filename)
    .toSorted();

/** Where a completed file with these bytes is. */
async function stored(filename: string, bytes: Buffer): Promise<string> {
  const { id } = await uploads.file(bytes, { filename });
  return `uploads/${id}/file?type=uploads`;
}

describe('A file', () => {
  it('is downloaded, whole and in part, under its name', async () => {
    const path = await stored('Übersicht.html', file);
    const whole = await get(path);
    expect(whole.status).toBe(200);
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(file);
    expect(whole.headers.get('content-disposition')).toMatch(/^attachment; .*bersicht\.html/);
    expect(whole.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    expect(whole.headers.get('x-frame-options')).toBe('DENY');
    const part = await get(path, { headers: { range: 'bytes=10-19' } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(file.subarray(10, 20));
    const head = await get(path, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe('300');
  });

  it.each([
    ['photo.png', 'image/png'],
    ['paper.pdf', 'application/pdf'],
    ['note.txt', 'text/plain; charset=utf-8'],
    ['page.html', 'text/plain; charset=utf-8'],
    ['drawing.svg', 'text/plain; charset=utf-8'],
    ['data.json', 'text/plain; charset=utf-8'],
    ['script.js', 'text/plain; charset=utf-8'],
  ])('%s is looked at as %s, without scripts', async (filename, type) => {
    const response = await get(`${await stored(filename, file)}&preview=true`);
    expect(response.status).toBe(200);
    const { headers } = response;
    expect(headers.get('content-type')).toBe(type);
    expect(headers.get('content-disposition')).toMatch(/^inline/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    // Chrome shows no PDF in a sandbox.
    const policy =
      filename === 'paper.pdf' ? /^script-src 'none';/ : /^default-src 'none'; sandbox;/;
    expect(headers.get('content-security-policy')).toMatch(policy);
    expect(headers.get('x-frame-options')).toBe('SAMEORIGIN');
  });

  it.each(['archive.zip', 'unknown', 'film.mp4'])('%s is only downloaded', async (filename) => {
    const response = await get(`${await stored(filename, file)}&preview=true`);
    expect(response.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(response.headers.get('x-frame-options')).toBe('DENY');
  });

  it('is not there before it is complete, and not of another type', async () => {
    const { id } = await uploads.begin(file.subarray(0, 100), 300);
    expect((await get(`uploads/${id}/file?type=uploads`)).status).toBe(404);
    const path = await stored('a.txt', file);
    expect((await get(path.replace('type=uploads', 'type=clips'))).status).toBe(404);
    expect((await get(path.replace('?type=uploads', ''))).status).toBe(400);
  });
});

describe('All that match', () => {
  const count = (query: string) => json<{ count: number; at: string }>(`count?${query}`);

  it('are counted and then deleted, whatever page they are on', async () => {
    await host.dataSource.query(
      `INSERT INTO chunked_upload (id, filename, key, final_key, created_at)
      SELECT gen_random_uuid(), 'old ' || n, 'none/' || n, 'none/' || n, now() - n * interval '1 s'
      FROM generate_series(1, 250) AS n`,
    );
    await clips.begin(file.subarray(0, 100), 300, { filename: 'old clip' });
    await uploads.begin(file.subarray(0, 100), 300, { filename: 'new' });
    const { count: found, at } = await count('search=old');
    expect(found).toBe(251);
    let after: string | null = null;
    let done = 0;
    do {
      const place = after === null ? {} : { after };
      const body = { matching: { search: 'old' }, until: at, ...place };
      const { status, body: answer } = await post('delete', body);
      expect(status, JSON.stringify(answer)).toBe(200);
      done += (answer['outcomes'] as { ok: boolean }[]).filter(({ ok }) => ok).length;
      after = answer['next'] as string | null;
    } while (after !== null);
    expect(done).toBe(251);
    expect(await names()).toEqual(['new']);
    expect(logger.lines.join()).toMatch(/"root" deleted \d+ uploads of "uploads"/);
  });

  it('and have begun after the count are not touched', async () => {
    await uploads.begin(file.subarray(0, 100), 300, { filename: 'before' });
    const { at } = await count('');
    await uploads.begin(file.subarray(0, 100), 300, { filename: 'after' });
    await post('delete', { matching: {}, until: at });
    expect(await names()).toEqual(['after']);
  });

  it('are aborted where they are unfinished; of the others it says how many', async () => {
    await uploads.begin(file.subarray(0, 100), 300, { filename: 'a' });
    await uploads.file(file, { filename: 'b' });
    const { at } = await count('');
    const { body } = await post('abort', { matching: { type: 'uploads' }, until: at });
    expect(body).toMatchObject({ outcomes: [{ ok: true }], passed: 1, next: null });
    expect(await names('status=aborted')).toEqual(['a']);
    expect(await names('status=complete')).toEqual(['b']);
  });

  it.each([
    [{ matching: { serach: 'a' } }, 'serach'],
    [{ matching: { status: 'done' } }, 'status'],
    [{ matching: { creator: 7 } }, 'creator'],
    [{ matching: [] }, 'matching'],
    [{ matching: { type: 'none' } }, 'type'],
    [{ matching: {}, uploads: [] }, 'uploads'],
    [{ matching: {}, after: 'x' }, 'after'],
    [{ matching: {}, until: 'then' }, 'until'],
  ])('must be said without a mistake: %j', async (body, field) => {
    await uploads.begin(file.subarray(0, 100), 300, { filename: 'stays' });
    const at = new Date().toISOString();
    const { status, body: answer } = await post('delete', { until: at, ...body });
    expect(status).toBe(400);
    expect(answer).toEqual({ detail: { [field]: [expect.any(String)] } });
    expect(await names()).toEqual(['stays']);
  });

  it('need the time of the count', async () => {
    const { status, body } = await post('delete', { matching: {} });
    expect({ status, body }).toMatchObject({ status: 400, body: { detail: { until: [/./] } } });
  });
});

describe('What the admin offers', () => {
  it('is counts and bytes by type and status', async () => {
    await uploads.begin(file.subarray(0, 100), 300);
    await uploads.file(file);
    await uploads.file(file);
    await clips.begin(file.subarray(0, 50), 300);
    const { types } = await json<{ types: unknown }>('summary');
    const sum = (status: string, of: number, bytes: number) => ({
      status,
      count: of,
      bytes,
      exact: true,
    });
    const nothing = [sum('aborted', 0, 0)];
    expect(types).toEqual([
      {
        type: 'uploads',
        statuses: [
          sum('incomplete', 1, 100),
          sum('expired', 0, 0),
          sum('complete', 2, 600),
          ...nothing,
        ],
      },
      {
        type: 'clips',
        statuses: [
          sum('incomplete', 1, 50),
          sum('expired', 0, 0),
          sum('complete', 0, 0),
          ...nothing,
        ],
      },
    ]);
  });

  it('is creators and owners that there are, as they are typed', async () => {
    for (const user of ['ann', 'Anna', 'bob', 'ann']) await uploads.as(user).begin(file, 300);
    await host.dataSource.query(
      `UPDATE chunked_upload SET owner_type = 'person', owner_id = CASE creator WHEN 'bob' THEN '12' ELSE '17' END`,
    );
    const suggested = async (query: string) =>
      (await json<{ values: string[] }>(`suggestions?${query}`)).values;
    expect(await suggested('field=creator&prefix=an')).toEqual(['Anna', 'ann']);
    expect(await suggested('field=creator&prefix=bo')).toEqual(['bob']);
    expect(await suggested('field=creator&prefix=x')).toEqual([]);
    expect(await suggested('field=creator&prefix=an&type=clips')).toEqual([]);
    expect(await suggested('field=owner_type&prefix=')).toEqual(['person']);
    expect(await suggested('field=owner_id&owner_type=person&prefix=1')).toEqual(['12', '17']);
    expect(await suggested('field=owner_id&prefix=1')).toEqual([]);
    expect((await get('suggestions?field=key')).status).toBe(400);
  });
});

describe('An upload', () => {
  it('is given to an owner, whoever may attach, and to nobody; said in the log', async () => {
    await host.dataSource.query(`INSERT INTO person (id) VALUES ('7')`);
    const { id } = await uploads.begin(file.subarray(0, 100), 300);
    const selected = [{ type: 'uploads', id }];
    const given = { owner: { type: 'person', id: '7' }, uploads: selected };
    expect((await post('owner', given)).body).toMatchObject({ outcomes: [{ ok: true }] });
    expect(await host.uploads.findOne(id)).toMatchObject({ ownerType: 'person', ownerId: '7' });
    const unknown = { owner: { type: 'person', id: '8' }, uploads: selected };
    expect((await post('owner', unknown)).body).toMatchObject({ outcomes: [{ ok: false }] });
    await post('owner', { owner: null, uploads: selected });
    expect((await host.uploads.findOne(id)).ownerId).toBeNull();
    expect((await post('owner', { uploads: selected })).status).toBe(400);
    expect(logger.lines[0]).toBe(
      `log: Admin: "root" gave 1 upload of "uploads" to "person 7": "file.bin" ${id}`,
    );
  });

  it('expires when the admin says so, or never; a complete one does not', async () => {
    const { id } = await uploads.begin(file.subarray(0, 100), 300);
    const done = await uploads.file(file);
    const selected = [{ type: 'uploads', id }];
    const at = '2099-01-01T00:00:00.000Z';
    await post('expiry', { expires_at: at, uploads: selected });
    expect((await host.uploads.findOne(id)).expiresAt?.toISOString()).toBe(at);
    expect(logger.lines[0]).toBe(
      `log: Admin: "root" set the expiry of 1 upload of "uploads" to ${at}: "file.bin" ${id}`,
    );
    await post('expiry', { expires_at: '2000-01-01T00:00:00Z', uploads: selected });
    const refused = await uploads.put('bytes 100-199/300', file.subarray(100, 200), { id });
    expect(refused.status).toBe(410);
    await post('expiry', { expires_at: null, uploads: selected });
    const taken = await uploads.put('bytes 100-199/300', file.subarray(100, 200), { id });
    expect(taken).toMatchObject({ status: 200, body: { expires_at: null } });
    const { body } = await post('expiry', {
      expires_at: at,
      uploads: [{ type: 'uploads', id: done.id }],
    });
    expect(body).toMatchObject({ outcomes: [{ ok: false, detail: /unfinished/ }] });
    expect((await post('expiry', { expires_at: 'soon', uploads: selected })).status).toBe(400);
  });
});

describe('A long chunk', () => {
  it('is seen to grow while it is on its way', async () => {
    const { id } = await uploads.begin(file.subarray(0, 100), 300);
    const headers = { 'content-range': 'bytes 100-299/300', 'content-length': 200 };
    const connection = await RawConnection.put(host.url, headers, `/uploads/${id}`);
    await connection.write(file.subarray(100, 150));
    const seen = async () =>
      (await json<{ uploads: { offset: number; writing: boolean }[] }>('uploads')).uploads[0];
    await until('it is committed on its way', async () => (await seen())?.offset === 150);
    expect(await seen()).toMatchObject({ writing: true, progress: 0.5 });
    connection.destroy();
  });
});

describe('A search', () => {
  it('is by first letters, and says so, until the database can search within names', async () => {
    await uploads.begin(file, 300, { filename: 'Holiday in Rome.mp4' });
    expect(await json('types')).toMatchObject({ searches_within: false, owner_types: ['person'] });
    expect(await names('search=rome')).toEqual([]);
    expect(await names('search=holi')).toEqual(['Holiday in Rome.mp4']);
  });

  it('finds a part of a name with pg_trgm and updateUploadTable', async () => {
    await host.dataSource.query('CREATE EXTENSION pg_trgm');
    const runner = host.dataSource.createQueryRunner();
    // Twice: a migration may be repeated.
    for (const entity of [ChunkedUpload, Clip, Clip]) await updateUploadTable(runner, entity);
    await runner.release();
    const searching = await startSecond();
    try {
      await uploads.begin(file, 300, { filename: 'Holiday in Rome 100%.mp4' });
      await clips.begin(file, 300, { filename: 'rome_2' });
      const found = async (search: string) => {
        const response = await fetch(
          `${searching.url}/admin/api/uploads?${new URLSearchParams({ search })}`,
        );
        const { uploads: rows } = (await response.json()) as { uploads: { filename: string }[] };
        return rows.map(({ filename }) => filename).toSorted();
      };
      expect(await found('ROME')).toEqual(['Holiday in Rome 100%.mp4', 'rome_2']);
      expect(await found('100%.')).toEqual(['Holiday in Rome 100%.mp4']);
      expect(await found('e_2')).toEqual(['rome_2']);
      // Of fewer than three letters it is the first ones.
      expect(await found('ro')).toEqual(['rome_2']);
      expect(await found('e')).toEqual([]);
    } finally {
      await searching.close();
    }
  });
});

/** Another process, that has not asked yet what the database can. */
async function startSecond(): Promise<Host> {
  const { startBeside } = await import('../support/host.js');
  return startBeside(host, {
    upload: {
      admin: { path: 'admin', guards: [everybody] },
      owners: { person: { entity: Person, canAttach: () => false } },
    },
    types: [{ path: 'clips', entity: Clip, owners: {} }],
    database: { entities: [Person], synchronize: false },
  });
}
