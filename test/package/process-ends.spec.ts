import { type ExecFileException, execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '../support/database.js';
import { FreshApplication, packInto } from './fresh-application.js';
import { NODE_PACKAGES, NODE_VERSIONS, findNode } from './node-versions.js';

const SOURCES = [
  'entities.ts',
  'create-tables.migration.ts',
  'app.module.ts',
  'use-service.ts',
  'use-http.ts',
  'ends.main.ts',
  'ends.test.ts',
];
/** For one that would never end; much longer than `ends.main.ts` waits. */
const LONGEST_MS = 60_000;

let folder: string;
let app: FreshApplication;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packed-'));
  app = await FreshApplication.install(await packInto(folder), {
    type: 'module',
    packages: [
      '@nestjs/common',
      '@nestjs/core',
      '@nestjs/platform-express',
      '@nestjs/platform-fastify',
      '@nestjs/testing',
      '@nestjs/typeorm',
      '@types/express',
      '@types/node',
      'pg',
      'reflect-metadata',
      'rxjs',
      'typeorm',
      'typescript',
    ],
    versions: { jest: '^30.0.0' },
    optional: NODE_PACKAGES,
    compilerOptions: { module: 'nodenext' },
  });
  await app.compile(SOURCES);
}, 300_000);

afterAll(async () => {
  await app?.remove();
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  /** Null: it had to be killed. */
  readonly code: number | null;
  /** What it printed, on stdout and stderr. */
  readonly output: string;
}

/** Runs a program of the application, with a database and a folder of its own, until it ends. */
async function run(
  node: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const database = await createDatabase();
  const media = await mkdtemp(join(folder, 'media-'));
  try {
    return await new Promise<Ended>((resolve) => {
      const surroundings = { ...process.env, DATABASE_URL: database.url, MEDIA: media, ...env };
      const options = { cwd: app.folder, env: surroundings, timeout: LONGEST_MS };
      execFile(node, args, options, (error: ExecFileException | null, stdout, stderr) => {
        const code = error ? error.code : 0;
        resolve({ code: typeof code === 'number' ? code : null, output: stdout + stderr });
      });
    });
  } finally {
    await database.drop();
  }
}

/** Skips the test where this machine lacks that version of Node. */
async function nodeOrSkip(version: string, context: TestContext): Promise<string> {
  const node = await findNode(app, version);
  return node ?? context.skip(`npm has no Node ${version} that runs on this machine`);
}

describe.each(NODE_VERSIONS)('On Node %s, once its application is closed,', (version) => {
  it.for([
    ['with a server on Express', 'express'],
    ['with a server on Fastify', 'fastify'],
    ['without a server', 'context'],
  ])('a host %s ends by itself', async ([, kind = ''], context) => {
    const { code, output } = await run(await nodeOrSkip(version, context), ['ends.main.js', kind]);
    expect(code, output).toBe(0);
    // Nor does it live on for a while: those of Node that end the connections may still be there.
    expect(output).toMatch(/^closed; still there: /m);
    expect(output).not.toMatch(/still there: .*(Timeout|MessagePort)/);
  });

  // As ES modules, which Jest reads where Node's own loader may be used: there is no other build. It
  // runs a single file in its own process, and says so where that does not end.
  it('Jest ends by itself, and finds nothing to complain of', async (context) => {
    const node = await nodeOrSkip(version, context);
    const config = { testMatch: ['**/ends.test.js'], testTimeout: LONGEST_MS, transform: {} };
    const jest = ['node_modules/jest/bin/jest.js', '--config', JSON.stringify(config)];
    const env = { NODE_OPTIONS: '--experimental-vm-modules' };
    const { code, output } = await run(node, jest, env);
    expect(code, output).toBe(0);
    expect(output).toContain('2 passed, 2 total');
    expect(output).not.toContain('did not exit');
  });
});
