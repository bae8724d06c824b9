import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, createDatabase } from '../support/database.js';
import { fileIn, readme } from '../support/readmes.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { FreshApplication, source, sources } from './fresh-application.js';
import { ROOT, packedServer } from './packed.js';
import { NEST_11, NEST_12, NEST_12_FASTIFY, readManifest } from './recipes.js';

const APPLICATIONS = [NEST_12, NEST_12_FASTIFY, NEST_11];
const SOURCES = ['entities.ts', 'create-tables.migration.ts', 'app.module.ts', 'options.ts'];
const OWNERS = 'src/chunked-upload/owners/README.md';
const run = promisify(execFile);
const file = sample(300);

const installed = new Map<string, FreshApplication>();

// The one wants an optional peer, the other a browser's types.
const ELSEWHERE = new Set(['./package.json', './s3', './client/element']);

beforeAll(async () => {
  // By turns: at once they are in each other's way and take twice as long.
  for (const recipe of APPLICATIONS) {
    installed.set(recipe.name, await FreshApplication.install(recipe));
  }
});

function application(name: string): FreshApplication {
  const app = installed.get(name);
  if (!app) throw new Error(`${name} has not been installed`);
  return app;
}

async function withDatabase(work: (database: TestDatabase) => Promise<void>): Promise<void> {
  const database = await createDatabase();
  try {
    await work(database);
  } finally {
    await database.drop();
  }
}

/** The README's module as it stands there, and a file that starts it. */
async function readmeApplication(): Promise<Record<string, string>> {
  const text = await readFile(join(ROOT, 'README.md'), 'utf8');
  const [module = ''] = /import \{ Module \}[\s\S]*?export class AppModule \{\}/.exec(text) ?? [];
  const main = await source('main.express.ts');
  return {
    'readme.module.ts': module,
    'readme.main.ts': main.replace('./app.module.js', './readme.module.js'),
  };
}

/** The people of the owners' page: all of the application as it stands there. */
async function readmePeople(): Promise<Record<string, string>> {
  const page = await readme(OWNERS);
  return {
    'people/people.ts': fileIn(page, 'people.ts'),
    'people/app.module.ts': fileIn(page, 'app.module.ts'),
    'people/main.ts': fileIn(page, 'main.ts'),
  };
}

/** What every application must be able to do with every upload type. */
async function expectUploads(url: string): Promise<void> {
  const client = new UploadClient(url);
  const owner = { owner_type: 'person', owner_id: '1' };
  const { id } = await client.begin(file.subarray(0, 100), 300, { query: owner });
  const offset = Number((await client.head(id)).headers.get('upload-offset'));
  expect(offset).toBe(100);
  const rest = file.subarray(offset);
  const next = await client.put(`bytes ${offset}-299/300`, rest, { id, form: {} });
  expect(next.upload).toMatchObject({ id, offset: 300, status: 1 });
  expect((await client.complete(id, md5(file))).upload).toMatchObject({ id, status: 2 });
  expect((await client.download(id)).bytes).toEqual(file);
  expect(await client.list(owner)).toMatchObject([{ id, ...owner }]);
  expect(await client.list({ ...owner, owner_id: '2' })).toEqual([]);
}

describe.each(APPLICATIONS)('the packed package in $name', ({ name }) => {
  const main = name.includes('Fastify') ? 'main.fastify' : 'main.express';

  it('has no optional peer, and all that it exports without one has types and loads', async () => {
    const app = application(name);
    const { exports, peerDependenciesMeta } = await readManifest();
    const peers = [...Object.keys(peerDependenciesMeta), '@aws-sdk/client-s3'];
    const there = peers.filter((peer) => existsSync(join(app.root, 'node_modules', peer)));
    expect(there).toEqual([]);
    const paths = Object.keys(exports)
      .filter((path) => !ELSEWHERE.has(path))
      .map((path) => `nestjs-chunked-upload${path.slice(1)}`);
    expect(paths.length).toBeGreaterThan(1);
    const lines = paths.map((path, n) => `export * as each${n} from '${path}';`);
    const pages =
      name === NEST_12.name ? { ...(await readmeApplication()), ...(await readmePeople()) } : {};
    const own = await sources([...SOURCES, `${main}.ts`]);
    await app.compile({ ...own, 'every-export.ts': lines.join('\n'), ...pages });
    const all = JSON.stringify(paths);
    const load = { require: 'require(path)', import: 'await import(path)' };
    for (const each of Object.values(load)) {
      const script = `(async () => {
        require('reflect-metadata');
        for (const path of ${all}) if (Object.keys(${each}).length > 0) console.log(path);
      })()`;
      expect((await app.evaluate(script)).split('\n')).toEqual(paths);
    }
  });

  it('takes uploads of two types, resumes, completes and lists by owner', async () => {
    await withDatabase(async ({ url: databaseUrl }) => {
      await application(name).withServer(`${main}.js`, databaseUrl, async (url) => {
        await expectUploads(`${url}/uploads`);
        await expectUploads(`${url}/videos`);
        const videos = new UploadClient(`${url}/videos`);
        const tooLarge = await videos.put('bytes 0-99/1001', file.subarray(0, 100));
        expect(tooLarge.detail).toBe('Size of file exceeds the limit (1000 bytes)');
      });
    });
  });

  it('has a command that finds the compiled module and its upload types', async () => {
    await withDatabase(async ({ url: databaseUrl }) => {
      const args = ['delete-expired-uploads', '--app', 'app.module.js'];
      const output = await application(name).command(args, databaseUrl);
      expect(output).toMatch(/^Processing uploads of \w+ \(uploads\)\.\.\.$/m);
      expect(output).toMatch(/^Processing uploads of \w+ \(videos\)\.\.\.$/m);
      expect(output.match(/^0 expired uploads were deleted\.$/gm)).toHaveLength(2);
    });
  });
});

describe('the packed package', () => {
  it("runs the README's module", async () => {
    await withDatabase(async ({ url: databaseUrl }) => {
      await application(NEST_12.name).withServer('readme.main.js', databaseUrl, async (url) => {
        const query = { filename: 'hello.txt', md5: md5(Buffer.from('hello world')) };
        const client = new UploadClient(`${url}/uploads`);
        const answer = await client.whole(Buffer.from('hello world'), { query });
        expect(answer.upload).toMatchObject({ filename: 'hello.txt', offset: 11, status: 2 });
      });
    });
  });

  it("runs the owners' page, from the migration to the completed avatar", async () => {
    const { blocks } = await readme(OWNERS);
    const script = blocks.find(({ language }) => language === 'sh')?.text ?? '';
    const app = application(NEST_12.name);
    const png = Buffer.concat([Buffer.from('iVBORw0KGgoAAAANSUhEUg==', 'base64'), file]);
    await writeFile(join(app.folder, 'me.png'), png);
    await withDatabase(async ({ url: databaseUrl }) => {
      await app.withServer('people/main.js', databaseUrl, async (url) => {
        const pasted = script.replaceAll('http://localhost:3000', url);
        const { stdout } = await run('bash', ['-euc', pasted], {
          cwd: app.folder,
        });
        const person = JSON.parse(stdout) as { avatar: string };
        expect(person).toEqual({ id: 1, avatar: expect.any(String) });
        const picture = await fetch(`${url}/people/1/avatar`);
        expect(picture.headers.get('content-type')).toBe('image/png');
        expect(Buffer.from(await picture.arrayBuffer())).toEqual(png);
        expect((await fetch(`${url}/people/2/avatar`)).status).toBe(404);

        const avatars = new UploadClient(`${url}/avatars`, 'ann');
        expect((await avatars.download(person.avatar)).bytes).toEqual(png);
        const send = (owner_id: string, filename = 'me.png') =>
          avatars.whole(png, {
            filename,
            query: { owner_type: 'person', owner_id, md5: md5(png) },
          });
        const detail = { owner_id: [expect.any(String)] };
        expect(await send('2')).toMatchObject({ status: 400, body: { detail } });
        expect((await send('1', 'me.exe')).status).toBe(400);
        const remove = (user: string) =>
          fetch(`${url}/people/1`, { method: 'DELETE', headers: { 'X-User': user } });
        expect((await remove('bob')).status).toBe(404);
        expect((await remove('ann')).status).toBe(200);
        expect((await avatars.get(person.avatar)).status).toBe(404);
      });
    });
  });

  it('exports the names of the contract', async () => {
    const names = Object.keys(await import('nestjs-chunked-upload'));
    expect(names).toEqual(
      expect.arrayContaining([
        'AbstractChunkedUpload',
        'ChunkedUpload',
        'ChunkedUploadController',
        'ChunkedUploadError',
        'ChunkedUploadModule',
        'ChunkedUploadService',
        'ChunkedUploadStatus',
        'InjectChunkedUpload',
        'LocalDiskStorage',
        'StorageProvider',
        'UploadPolicy',
        'chunkedUploadMigrations',
        'createUploadTable',
      ]),
    );
  });

  it('holds no source, no test and no demo', async () => {
    const { stdout } = await run('tar', ['-tzf', await packedServer()]);
    const files = stdout.split('\n');
    expect(files).toContain('package/dist/index.js');
    expect(files).toContain('package/README.md');
    // But for the READMEs of the rooms, to which the one at the top leads.
    expect(files).toContain('package/src/chunked-upload/owners/README.md');
    const others = files.filter((path) => !path.endsWith('/README.md'));
    expect(others.filter((path) => /package\/(src|test)\/|dist\/(demo|main)/.test(path))).toEqual(
      [],
    );
  });
});
