import {
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
  Injectable,
  Module,
} from '@nestjs/common';
import {
  AbstractChunkedUpload,
  type ChunkedUploadOptions,
  type UploadTypeOptions,
  chunkedUploadMigrations,
  createUploadTable,
} from 'nestjs-chunked-upload';
import { Column, Entity, type MigrationInterface, type QueryRunner } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Host, type HostOptions, startHost, withHost } from '../support/host.js';
import { expectInTime } from '../support/in-time.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

@Entity()
class Clip extends AbstractChunkedUpload {
  @Column('text', { default: 'untitled' })
  title!: string;

  @Column('text', { default: 'hidden', select: false })
  secret!: string;
}

class CreateClip1763769600009 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await createUploadTable(queryRunner, Clip);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('clip');
  }
}

const database: HostOptions['database'] = {
  synchronize: false,
  migrations: [...chunkedUploadMigrations, CreateClip1763769600009],
  migrationsRun: true,
};

@Injectable()
class Keys {
  readonly admin = 'root';
}

@Module({ providers: [Keys], exports: [Keys] })
class KeysModule {}

@Injectable()
class RootGuard implements CanActivate {
  constructor(private readonly keys: Keys) {}

  canActivate(context: ExecutionContext): boolean {
    const { user } = context.switchToHttp().getRequest<{ user?: { id: string } }>();
    return user?.id === this.keys.admin;
  }
}

const file = sample(300);
const first = file.subarray(0, 100);
const admin = { path: 'admin/uploads', guards: [RootGuard] };
const imports = [KeysModule];
const types: UploadTypeOptions[] = [{ path: 'clips', entity: Clip }];
const json = { 'content-type': 'application/json' };
const beforeAllTimes = Buffer.from(
  '["-999999999999999999","3f2b7c1e-0000-4000-8000-000000000000"]',
).toString('base64url');

interface Listed {
  readonly type: string;
  readonly id: string;
  readonly filename: string;
  readonly status: string;
  readonly [field: string]: unknown;
}
interface Page {
  readonly uploads: Listed[];
  readonly next: string | null;
  readonly previous: string | null;
}
type Selected = Pick<Listed, 'type' | 'id'>;

/** What the tests say to the admin. */
class AdminClient {
  constructor(
    readonly host: Pick<Host, 'url'>,
    readonly user = 'root',
  ) {}

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { 'x-user': this.user, ...(init.headers as Record<string, string>) };
    return fetch(`${this.host.url}/admin/uploads${path}`, { ...init, headers });
  }

  async get<R>(path: string): Promise<R> {
    const response = await this.fetch(path);
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()) as R;
  }

  list(query: Record<string, string> = {}): Promise<Page> {
    return this.get(`/api/uploads?${new URLSearchParams(query)}`);
  }

  async names(query: Record<string, string> = {}): Promise<string[]> {
    return (await this.list(query)).uploads.map(({ filename }) => filename);
  }

  async post(action: string, body: unknown, headers: Record<string, string> = json) {
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await this.fetch(`/api/${action}`, init);
    const text = await response.text();
    return { status: response.status, body: JSON.parse(text) as Record<string, unknown> };
  }
}

let host: Host;
let root: AdminClient;
let uploads: UploadClient;
let clips: UploadClient;

beforeAll(async () => {
  host = await startHost({ upload: { admin, imports }, types, database });
  root = new AdminClient(host);
  uploads = new UploadClient(`${host.url}/uploads`);
  clips = new UploadClient(`${host.url}/clips`);
});
afterAll(() => host.close());

beforeEach(() => host.dataSource.query('TRUNCATE chunked_upload, clip'));

const expire = (...ids: string[]): Promise<unknown> =>
  host.dataSource.query(
    `UPDATE chunked_upload SET expires_at = now() - interval '1 minute' WHERE id = ANY($1)`,
    [ids],
  );

/** An upload of each status. */
async function oneOfEach() {
  const begin = (filename: string) => uploads.begin(first, 300, { filename });
  const incomplete = await begin('incomplete.bin');
  const expired = await begin('expired.bin');
  const aborted = await begin('aborted.bin');
  const complete = await uploads.as('bob').file(file, { filename: 'complete.bin' });
  await expire(expired.id);
  await host.uploads.abort(aborted.id);
  return { incomplete, expired, aborted, complete };
}

const select = (...all: { id: string }[]): Selected[] =>
  all.map(({ id }) => ({ type: 'uploads', id }));

describe('The list', () => {
  it('shows all types, the newest first, with what is known of each', async () => {
    const { incomplete } = await oneOfEach();
    await clips.as(null).begin(first, '*', { filename: 'clip.mp4' });
    const { uploads: rows, next, previous } = await root.list();
    expect(rows.map(({ type, status, filename }) => [type, status, filename])).toEqual([
      ['clips', 'incomplete', 'clip.mp4'],
      ['uploads', 'complete', 'complete.bin'],
      ['uploads', 'aborted', 'aborted.bin'],
      ['uploads', 'expired', 'expired.bin'],
      ['uploads', 'incomplete', 'incomplete.bin'],
    ]);
    expect({ next, previous }).toEqual({ next: null, previous: null });
    expect(rows[0]).toMatchObject({ creator: null, total: null, progress: null });
    expect(rows[1]).toMatchObject({ creator: 'bob', progress: 1, expires_at: null });
    expect(rows[4]).toEqual({
      type: 'uploads',
      id: incomplete.id,
      filename: 'incomplete.bin',
      status: 'incomplete',
      writing: false,
      creator: 'ann',
      protocol: 'content-range',
      owner_type: null,
      owner_id: null,
      offset: 100,
      total: 300,
      progress: 1 / 3,
      age_seconds: expect.any(Number),
      created_at: incomplete.created_at,
      completed_at: null,
      expires_at: incomplete.expires_at,
    });
  });

  it('is filtered by status, type, creator, owner and date', async () => {
    const { complete } = await oneOfEach();
    await clips.as(null).begin(first, 300, { filename: 'clip.mp4' });
    await host.dataSource.query(
      `UPDATE chunked_upload SET owner_type = 'person', owner_id = '7',
        created_at = created_at - interval '2 days' WHERE id = $1`,
      [complete.id],
    );
    for (const status of ['expired', 'complete', 'aborted']) {
      expect(await root.names({ status })).toEqual([`${status}.bin`]);
    }
    expect(await root.names({ status: 'incomplete' })).toEqual(['clip.mp4', 'incomplete.bin']);
    expect(await root.names({ type: 'clips' })).toEqual(['clip.mp4']);
    expect(await root.names({ creator: 'bob' })).toEqual(['complete.bin']);
    expect(await root.names({ anonymous: 'true' })).toEqual(['clip.mp4']);
    expect(await root.names({ owner_type: 'person' })).toEqual(['complete.bin']);
    expect(await root.names({ owner_type: 'person', owner_id: '8' })).toEqual([]);
    const yesterday = new Date(Date.now() - 86_400_000).toISOString();
    expect(await root.names({ to: yesterday })).toEqual(['complete.bin']);
    expect(await root.names({ from: yesterday, creator: 'bob' })).toEqual([]);
    expect(await root.names({ from: yesterday })).toHaveLength(4);
  });

  it('is searched by the first letters of the filename in any case, or by id', async () => {
    // As a Mac takes accents apart, and a keyboard does not.
    const apart = 'Übersicht.txt'.normalize('NFD');
    const names = ['100%_sure.txt', '100 percent.txt', 'Ärger.txt', apart, 'back\\slash'];
    for (const filename of names) await uploads.begin(first, 300, { filename });
    expect(await root.names({ search: '100%' })).toEqual(['100%_sure.txt']);
    expect(await root.names({ search: '100', sort: 'filename' })).toEqual([
      '100 percent.txt',
      '100%_sure.txt',
    ]);
    expect(await root.names({ search: 'äR' })).toEqual(['Ärger.txt']);
    expect(await root.names({ search: 'ä'.normalize('NFD') })).toEqual(['Ärger.txt']);
    for (const search of ['Über', 'über', apart.slice(0, 6)]) {
      expect(await root.names({ search })).toEqual([apart]);
    }
    expect(await root.names({ search: 'BACK\\s' })).toEqual(['back\\slash']);
    expect(await root.names({ search: 'sure' })).toEqual([]);
    const { id } = await uploads.begin(first, 300, { filename: 'x' });
    expect(await root.names({ search: id.toUpperCase().replaceAll('-', '') })).toEqual(['x']);
  });

  it.each(['created', '-created', 'filename', '-filename', 'size', '-size'])(
    'sorted by %s loses nothing from page to page, forth and back',
    async (sort) => {
      // All at one moment, and of few sizes and names: only the id tells them apart.
      for (const table of ['chunked_upload', 'clip']) {
        await host.dataSource.query(
          `INSERT INTO ${table} (id, filename, key, final_key, total, created_at)
          SELECT gen_random_uuid(), chr(97 + n % 3) || n % 2, '', '', NULLIF(n % 4, 0),
            '2026-01-01'::timestamptz + (n % 5) * interval '1 microsecond'
          FROM generate_series(1, 25) AS n`,
        );
      }
      const all = await root.list({ sort, limit: '200' });
      const ids = all.uploads.map(({ id }) => id);
      expect(new Set(ids).size).toBe(50);
      const values = all.uploads.map((row) =>
        sort.endsWith('size') ? (row.total ?? -1) : row[sort.replace('-', '')],
      );
      if (!sort.endsWith('created')) {
        const sorted = values.toSorted((a, b) => (a! < b! ? -1 : Number(a! > b!)));
        expect(values).toEqual(sort.startsWith('-') ? sorted.toReversed() : sorted);
      }
      const pages: Page[] = [await root.list({ sort, limit: '7' })];
      for (let next = pages[0]?.next; next; next = pages.at(-1)?.next) {
        pages.push(await root.list({ sort, limit: '7', after: next }));
      }
      expect(pages.flatMap((page) => page.uploads.map(({ id }) => id))).toEqual(ids);
      let page = pages.at(-1)!;
      for (const expected of pages.slice(0, -1).toReversed()) {
        page = await root.list({ sort, limit: '7', before: page.previous ?? '' });
        expect(page.uploads).toEqual(
          expected.uploads.map((row) => ({ ...row, age_seconds: expect.any(Number) })),
        );
      }
      expect(page.previous).toBeNull();
    },
  );

  it('tells how many there are, and above 10,000 no more than that', async () => {
    await oneOfEach();
    expect(await root.get('/api/count')).toMatchObject({ count: 4, exact: true });
    expect(await root.get('/api/count?status=expired')).toMatchObject({ count: 1, exact: true });
    await host.dataSource.query(
      `INSERT INTO clip (id, filename, key, final_key, created_at)
      SELECT gen_random_uuid(), '', '', '', now() FROM generate_series(1, 10005)`,
    );
    const many = { count: 10_000, exact: false };
    expect(await root.get('/api/count?type=clips&status=incomplete')).toMatchObject(many);
    await host.dataSource.query('ANALYZE clip');
    expect(await root.get('/api/count?type=clips')).toMatchObject({ count: 10_005, exact: false });
  });

  it.each([
    ['status', 'done'],
    ['sort', 'key'],
    ['limit', '0'],
    ['limit', '201'],
    ['from', 'yesterday'],
    ['to', '2026-13-01'],
    ['after', 'x'],
    ['after', Buffer.from('["x","y"]').toString('base64url')],
    ['before', beforeAllTimes],
    ['type', 'none'],
    ['search', 'a\0b'],
    ['anonymous', 'yes'],
  ])('refuses %s=%s by a sentence', async (name, value) => {
    const response = await root.fetch(`/api/uploads?${new URLSearchParams({ [name]: value })}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ detail: { [name]: [expect.any(String)] } });
  });
});

describe('A parameter that there is not', () => {
  const id = '3f2b7c1e-0000-4000-8000-000000000000';
  it.each([
    ['uploads?staus=expired', 'staus'],
    ['uploads?field=creator', 'field'],
    ['count?staus=expired', 'staus'],
    ['suggestions?field=creator&prefx=a', 'prefx'],
    ['summary?type=clips', 'type'],
    [`uploads/${id}?type=clips&status=expired`, 'status'],
    [`uploads/${id}/file?type=clips&preveiw=true`, 'preveiw'],
  ])('is refused in %s', async (path, name) => {
    const response = await root.fetch(`/api/${path}`);
    expect(response.status).toBe(400);
    const sentence = expect.stringMatching(/^Unknown parameter\./) as string;
    expect(await response.json()).toEqual({ detail: { [name]: [sentence] } });
  });
});

describe('One upload', () => {
  it('is shown with its history of offsets, and without what is secret', async () => {
    const { id, created_at: created } = await uploads.begin(first, 300);
    await uploads.put('bytes 100-199/300', file.subarray(100, 200), { id });
    const detail = await root.get<Listed>(`/api/uploads/${id}?type=uploads`);
    expect(detail).toMatchObject({
      id,
      key: expect.stringContaining(id),
      protocol: 'content-range',
      checksum: null,
      writer: null,
      own: {},
      history: [
        { offset: 100, at: expect.any(String) },
        { offset: 200, at: expect.any(String) },
      ],
    });
    const [begun] = detail.history as { at: string }[];
    expectInTime(Math.abs(Date.parse(begun!.at) - Date.parse(created)), 1000);
    expect(JSON.stringify(detail)).not.toMatch(/token|state|first_bytes|response/i);
  });

  it('keeps the last 20 offsets', async () => {
    const { id } = await uploads.begin(file.subarray(0, 1), 300);
    for (let at = 1; at < 25; at += 1) {
      await uploads.put(`bytes ${at}-${at}/300`, file.subarray(at, at + 1), { id });
    }
    const { history } = await root.get<{ history: { offset: number }[] }>(
      `/api/uploads/${id}?type=uploads`,
    );
    expect(history.map(({ offset }) => offset)).toEqual(
      Array.from({ length: 20 }, (_, n) => n + 6),
    );
  });

  it("has the columns of the host's entity, but for those that are not selected", async () => {
    const { id } = await clips.begin(first, 300);
    const detail = await root.get(`/api/uploads/${id}?type=clips`);
    expect(detail).toMatchObject({ own: { title: 'untitled' } });
    expect(JSON.stringify(detail)).not.toContain('hidden');
  });

  it.each(['none', '3f2b7c1e-0000-4000-8000-000000000000'])(
    'is 404 where there is none: %s',
    async (id) => {
      const response = await root.fetch(`/api/uploads/${id}?type=uploads`);
      expect(response.status).toBe(404);
    },
  );
});

describe('What can be done', () => {
  it('abort: bytes are removed, the record stays; a complete one is refused', async () => {
    const { incomplete, complete } = await oneOfEach();
    const { status, body } = await root.post('abort', { uploads: select(incomplete, complete) });
    expect(status).toBe(200);
    expect(body).toEqual({
      outcomes: [
        { type: 'uploads', id: incomplete.id, filename: 'incomplete.bin', ok: true, detail: null },
        {
          type: 'uploads',
          id: complete.id,
          filename: 'complete.bin',
          ok: false,
          detail: expect.stringMatching(/complete/),
        },
      ],
    });
    expect((await uploads.get(incomplete.id)).upload.status).toBe(3);
    expect((await storedFiles(host.root)).join()).not.toContain(incomplete.id);
    expect((await uploads.as('bob').download(complete.id)).bytes).toEqual(file);
  });

  it('delete: many at once, whatever their state', async () => {
    const all = Object.values(await oneOfEach());
    const clip = await clips.begin(first, 300);
    const chosen = [...select(...all), { type: 'clips', id: clip.id }];
    const { body } = await root.post('delete', { uploads: chosen });
    expect((body.outcomes as { ok: boolean }[]).map(({ ok }) => ok)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    expect(await root.names()).toEqual([]);
    const again = await root.post('delete', { uploads: select(all[0]!) });
    expect(again.body.outcomes).toMatchObject([
      { filename: null, ok: false, detail: 'Not found.' },
    ]);
  });

  it('delete expired: of a selection, of a type, of all', async () => {
    const { expired, incomplete } = await oneOfEach();
    const { body } = await root.post('delete-expired', { uploads: select(expired, incomplete) });
    expect(body.outcomes).toMatchObject([
      { ok: true },
      { ok: false, detail: 'Upload has not expired' },
    ]);
    await expire(incomplete.id);
    const other = await clips.begin(first, 300, { filename: 'clip' });
    await host.dataSource.query('UPDATE clip SET expires_at = now() WHERE id = $1', [other.id]);
    expect(await root.post('delete-expired', { type: 'uploads' })).toMatchObject({
      body: { removed: 1 },
    });
    expect(await root.names()).toEqual(['clip', 'complete.bin', 'aborted.bin']);
    expect(await root.post('delete-expired', {})).toMatchObject({ body: { removed: 1 } });
    expect(await root.names()).toEqual(['complete.bin', 'aborted.bin']);
  });

  it.each([
    ['abort', {}],
    ['delete', { uploads: [] }],
    ['delete', { uploads: 'all' }],
    ['delete', { uploads: [{ id: 'x' }] }],
    ['delete', { uploads: Array.from({ length: 1001 }, () => ({ type: 'uploads', id: 'x' })) }],
    ['delete-expired', { uploads: [null] }],
    ['delete-expired', { type: 5 }],
    ['delete-expired', { type: 'none' }],
    ['delete-expired', { types: 'uploads' }],
    ['delete', []],
  ])('%s refuses %j', async (action, body) => {
    await oneOfEach();
    const { status } = await root.post(action, body);
    expect([400, 413]).toContain(status);
    expect(await root.names()).toHaveLength(4);
  });

  it('takes JSON that no parser has read', async () => {
    await withHost({ upload: { admin, imports }, nest: { bodyParser: false } }, async (own) => {
      const { id } = await new UploadClient(`${own.url}/uploads`).begin(first, 300);
      const { body } = await new AdminClient(own).post('delete', { uploads: select({ id }) });
      expect(body).toMatchObject({ outcomes: [{ ok: true }] });
    });
  });
});

describe('The guards', () => {
  const routes: [string, string][] = [
    ['GET', ''],
    ['GET', '/assets/page.js'],
    ['GET', '/api/types'],
    ['GET', '/api/uploads'],
    ['GET', '/api/count'],
    ['GET', '/api/uploads/3f2b7c1e-0000-4000-8000-000000000000?type=uploads'],
    ['GET', '/api/summary'],
    ['GET', '/api/suggestions?field=creator&prefix=a'],
    ['HEAD', '/api/uploads/3f2b7c1e-0000-4000-8000-000000000000/file?type=uploads'],
    ['GET', '/api/uploads/3f2b7c1e-0000-4000-8000-000000000000/file?type=uploads'],
    ['POST', '/api/abort'],
    ['POST', '/api/delete'],
    ['POST', '/api/delete-expired'],
    ['POST', '/api/owner'],
    ['POST', '/api/expiry'],
  ];

  it('stand before every route', async () => {
    const { incomplete } = await oneOfEach();
    const body = JSON.stringify({ uploads: select(incomplete) });
    for (const [method, path] of routes) {
      const init = { method, headers: json, ...(method === 'POST' && { body }) };
      for (const user of ['ann', 'ROOT']) {
        const response = await new AdminClient(host, user).fetch(path, init);
        expect(response.status, `${method} ${path}`).toBe(403);
      }
    }
    expect(await root.names()).toHaveLength(4);
  });

  // Fastify keeps no list of its routes.
  if (process.env['HOST_PLATFORM'] === undefined) {
    it('and those are all the routes', () => {
      const adapter = host.app.getHttpAdapter().getInstance() as {
        router: { stack: { route?: { path: string; methods: Record<string, boolean> } }[] };
      };
      const found = adapter.router.stack.flatMap(({ route }) =>
        route?.path.startsWith('/admin')
          ? Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`)
          : [],
      );
      expect(found.toSorted()).toEqual(
        [
          'GET /admin/uploads',
          'GET /admin/uploads/assets/:name',
          'GET /admin/uploads/api/types',
          'GET /admin/uploads/api/uploads',
          'GET /admin/uploads/api/count',
          'GET /admin/uploads/api/uploads/:id',
          'GET /admin/uploads/api/summary',
          'GET /admin/uploads/api/suggestions',
          'HEAD /admin/uploads/api/uploads/:id/file',
          'GET /admin/uploads/api/uploads/:id/file',
          'POST /admin/uploads/api/abort',
          'POST /admin/uploads/api/delete',
          'POST /admin/uploads/api/delete-expired',
          'POST /admin/uploads/api/owner',
          'POST /admin/uploads/api/expiry',
        ].toSorted(),
      );
    });
  }
});

describe('Another site', () => {
  it.each([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a form that looks like JSON', { 'content-type': 'text/plain' }],
    ['a script of another site', { ...json, 'sec-fetch-site': 'cross-site' }],
    ['a script of a sister site', { ...json, 'sec-fetch-site': 'same-site' }],
    ['a script over plain HTTP', { ...json, origin: 'http://evil.example' }],
    ['a script in a sandbox', { ...json, origin: 'null' }],
  ])('changes nothing by %s', async (_, headers) => {
    const { incomplete, expired } = await oneOfEach();
    for (const action of ['abort', 'delete', 'delete-expired']) {
      const { status } = await root.post(action, { uploads: select(incomplete, expired) }, headers);
      expect([403, 415]).toContain(status);
    }
    expect(await root.names()).toHaveLength(4);
    expect((await uploads.get(incomplete.id)).upload.status).toBe(1);
  });

  it('is told from the own one by the browser, also behind a proxy that rewrites Host', async () => {
    const { expired } = await oneOfEach();
    const selection = { uploads: select(expired) };
    const proxied = { ...json, host: 'upstream:3000', origin: 'https://files.example.com' };
    const act = (headers: Record<string, string>) => root.post('delete', selection, headers);
    expect((await act({ ...proxied, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await act(proxied)).status).toBe(403);
    expect((await act({ ...proxied, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect(await root.names()).toHaveLength(3);
  });

  it('cannot put the page into a frame, and no inline script runs in it', async () => {
    for (const path of ['', '/assets/page.js', '/api/uploads']) {
      const { headers } = await root.fetch(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).not.toContain('unsafe');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
    }
    const html = await (await root.fetch('')).text();
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|style=|\son\w+=/i);
  });
});

describe('The page', () => {
  it.each([
    ['', './uploads/'],
    ['/', './'],
    ['?status=expired', './uploads/'],
  ])('at "%s" loads its files from "%s"', async (path, base) => {
    const response = await root.fetch(path);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await response.text()).toContain(`src="${base}assets/page.js"`);
  });

  it.each([
    ['page.js', 'text/javascript; charset=utf-8'],
    ['page.css', 'text/css; charset=utf-8'],
    ['icon.svg', 'image/svg+xml'],
  ])('%s is %s', async (name, type) => {
    const response = await root.fetch(`/assets/${name}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
  });

  it.each(['..%2Fadmin.service.js', 'page.d.ts', 'page.js.map', 'none.js', '%2e%2e%2fpage.js'])(
    '%s is none of its files',
    async (name) => {
      expect((await root.fetch(`/assets/${name}`)).status).toBe(404);
    },
  );
});

describe('The option admin', () => {
  const guards = [RootGuard];
  it.each([
    [true, /must be \{ path/],
    [{}, /path/],
    [{ path: '', guards }, /path/],
    [{ path: 5, guards }, /path/],
    [{ path: 'admin/:id', guards }, /path/],
    [{ path: 'admin' }, /guard/],
    [{ path: 'admin', guards: [] }, /guard/],
    [{ path: 'admin', guards: RootGuard }, /guard/],
    [{ path: 'admin', guards: [undefined] }, /guard/],
    [{ path: 'admin', guards: [KeysModule] }, /guard/],
    [{ path: 'admin', guards, guard: RootGuard }, /does not know "guard"/],
    [{ path: 'uploads', guards }, /below the upload type/],
    [{ path: '/Uploads/admin/', guards }, /below the upload type/],
    [{ path: 'clips/admin', guards }, /below the upload type/],
  ])('%o stops the start', async (value, sentence) => {
    const wrong = value as unknown as ChunkedUploadOptions['admin'] & object;
    const upload = { admin: wrong, imports };
    await expect(startHost({ upload, types })).rejects.toThrow(/option "admin"/);
    await expect(startHost({ upload, types })).rejects.toThrow(sentence);
    if (JSON.stringify(value).includes('ploads') || JSON.stringify(value).includes('clips')) return;
    const further = [{ path: 'clips', entity: Clip, admin: wrong, imports }];
    await expect(startHost({ types: further })).rejects.toThrow(sentence);
  });

  it('false, or left out: there is none', async () => {
    await withHost({ upload: { admin: false } }, async (own) => {
      expect((await new AdminClient(own).fetch('')).status).toBe(404);
    });
  });

  it('of a further type shows that type alone', async () => {
    const further = [{ path: 'clips', entity: Clip, admin, imports }];
    await withHost({ types: further }, async (own) => {
      const client = new AdminClient(own);
      await new UploadClient(`${own.url}/uploads`).begin(first, 300, { filename: 'upload' });
      const { id } = await new UploadClient(`${own.url}/clips`).begin(first, 300, {
        filename: 'clip',
      });
      expect(await client.names()).toEqual(['clip']);
      expect(await client.get('/api/types')).toMatchObject({ types: ['clips'] });
      const { uploads: rows } = await client.list({ search: id });
      const foreign = await client.post('delete', { uploads: [{ type: 'uploads', id }] });
      expect(foreign.body.outcomes).toMatchObject([{ ok: false }]);
      expect(rows).toHaveLength(1);
    });
  });

  it('shows further types also where forRoot has none itself', async () => {
    await withHost({ upload: { path: false, admin, imports }, types }, async (own) => {
      await new UploadClient(`${own.url}/clips`).begin(first, 300, { filename: 'clip' });
      expect(await new AdminClient(own).names()).toEqual(['clip']);
    });
  });

  it('twice with one path stops the start', async () => {
    const further = [{ path: 'clips', entity: Clip, admin, imports }];
    const start = startHost({ upload: { admin, imports }, types: further });
    await expect(start).rejects.toThrow(/option "admin".*another admin/);
  });

  it('is below the prefix of the host', async () => {
    const upload = { admin, imports };
    const setPrefix = (app: INestApplication) => app.setGlobalPrefix('api');
    const options = { upload, prepare: setPrefix, fastify: { prepare: setPrefix } };
    await withHost(options, async (own) => {
      const url = `${own.url}/api/admin/uploads`;
      const response = await fetch(url, { headers: { 'x-user': 'root' } });
      expect(await response.text()).toContain('./uploads/assets/page.js');
    });
  });
});

it('hostile filenames are sent as they are, in JSON that no browser takes for a page', async () => {
  const filename = '"><img src=x onerror=alert(1)>\u202Egnp.exe';
  await uploads.begin(first, 300, { filename });
  const response = await root.fetch('/api/uploads');
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(((await response.json()) as Page).uploads[0]?.filename).toBe(filename);
});

it('an upload that is being completed elsewhere is not deleted under its hands', async () => {
  const { id } = await uploads.begin(file, 300);
  const runner = host.dataSource.createQueryRunner();
  await runner.startTransaction();
  await runner.query('SELECT 1 FROM chunked_upload WHERE id = $1 FOR UPDATE', [id]);
  try {
    const { body } = await root.post('delete', { uploads: select({ id }) });
    expect(body.outcomes).toMatchObject([{ ok: false, detail: expect.stringMatching(/writing/) }]);
  } finally {
    await runner.rollbackTransaction();
    await runner.release();
  }
  expect((await uploads.complete(id, md5(file))).status).toBe(200);
});
