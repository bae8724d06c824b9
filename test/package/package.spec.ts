import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, createDatabase } from '../support/database.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

// What an application has anyway; the package must bring all the rest itself.
const HOST_PACKAGES = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  '@nestjs/typeorm',
  '@types/express',
  '@types/node',
  'pg',
  'reflect-metadata',
  'rxjs',
  'typeorm',
  'typescript',
];

const MAIN = `
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

const app = await NestFactory.create(AppModule, { logger: ['error'] });
await app.listen(0, '127.0.0.1');
console.log(await app.getUrl());
`;

// As a host would write them: the types of the parameters come from the package.
const OPTIONS = `
import type { Request } from 'express';
import { AbstractChunkedUpload, type ChunkedUploadOptions } from 'nestjs-chunked-upload';

class Video extends AbstractChunkedUpload {
  title = '';
}

export const plain: ChunkedUploadOptions = {
  user: (request) => request.user?.id ?? null,
  maxBytes: ({ creator }) => (creator === null ? 1000 : null),
  onComplete: async (upload, { manager }) => {
    await manager.query('SELECT $1', [upload.id]);
    return { name: upload.filename };
  },
};

export const own: ChunkedUploadOptions = {
  entity: Video,
  user: (request: Request & { session: { userId: number } }) => request.session.userId,
  onComplete: (upload: Video) => ({ title: upload.title }),
};
`;

const TSCONFIG = {
  compilerOptions: {
    target: 'es2023',
    module: 'nodenext',
    lib: ['es2023'],
    types: ['node'],
    strict: true,
    strictPropertyInitialization: false,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    // The published types must stand on their own, without any optional peer.
    skipLibCheck: false,
  },
};

let app: string;
let database: TestDatabase;

beforeAll(async () => {
  app = await mkdtemp(join(tmpdir(), 'fresh-app-'));
  database = await createDatabase();
  const env = { ...process.env, npm_config_cache: await writableCache(app) };
  const pack = ['pack', '--silent', '--pack-destination', app];
  const { stdout } = await run('npm', pack, { cwd: ROOT, env });
  const { devDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const dependencies = Object.fromEntries(
    HOST_PACKAGES.map((name) => [name, devDependencies[name] ?? '*']),
  );
  const manifest = {
    name: 'fresh-app',
    type: 'module',
    dependencies: { ...dependencies, 'nestjs-chunked-upload': `file:${stdout.trim()}` },
    overrides: { 'file-type': '21.3.4' },
  };
  await writeFile(join(app, 'package.json'), JSON.stringify(manifest));
  const install = ['install', '--no-audit', '--no-fund', '--prefer-offline'];
  await run('npm', install, { cwd: app, env });
}, 180_000);

afterAll(async () => {
  await database.drop();
  await rm(app, { recursive: true, force: true });
});

/** npm's own cache, or for a user without a home one that goes with the folder. */
async function writableCache(folder: string): Promise<string> {
  const usual = process.env['npm_config_cache'] ?? join(homedir(), '.npm');
  return mkdir(usual, { recursive: true }).then(
    () => usual,
    () => join(folder, '.npm'),
  );
}

describe('the packed package in a fresh application', () => {
  it("compiles and runs the README's module, and takes an upload", async () => {
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
    const [module] = /import \{ Module \}[\s\S]*?export class AppModule \{\}/.exec(readme) ?? [];
    await writeFile(join(app, 'app.module.ts'), module ?? '');
    await writeFile(join(app, 'main.ts'), MAIN);
    await writeFile(join(app, 'options.ts'), OPTIONS);
    await writeFile(join(app, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    await run(join(app, 'node_modules', '.bin', 'tsc'), [], { cwd: app });

    const server = spawn(process.execPath, ['main.js'], {
      cwd: app,
      env: { ...process.env, DATABASE_URL: database.url },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [line] = (await once(server.stdout, 'data')) as [Buffer];
      const url = `${line.toString().trim()}/uploads`;
      const md5 = '5eb63bbbe01eeed093cb22bb8f5acdc3';
      const headers = { 'Content-Type': 'application/octet-stream' };
      const options = { method: 'POST', headers, body: 'hello world' };
      const answer = await fetch(`${url}?filename=hello.txt&md5=${md5}`, options);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ filename: 'hello.txt', offset: 11, status: 2 });
    } finally {
      server.kill();
      await once(server, 'exit');
    }
  });

  it.each(['', '/testing', '/client'])('can be required from CommonJS: %s', async (path) => {
    const script = `console.log(Object.keys(require('nestjs-chunked-upload${path}')).length)`;
    const { stdout } = await run(
      process.execPath,
      ['-e', `require('reflect-metadata');${script}`],
      {
        cwd: app,
      },
    );
    expect(Number(stdout)).toBeGreaterThan(0);
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
        'chunkedUploadMigrations',
        'createUploadTable',
      ]),
    );
  });

  it('holds no source, no test and no demo', async () => {
    const { stdout } = await run('tar', ['-tzf', join(app, 'nestjs-chunked-upload-0.1.0.tgz')]);
    const files = stdout.split('\n');
    expect(files).toContain('package/dist/index.js');
    expect(files).toContain('package/README.md');
    expect(files.filter((file) => /package\/(src|test)\/|dist\/(demo|main)/.test(file))).toEqual(
      [],
    );
  });
});
