import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FreshApplication, ROOT, packInto } from './fresh-application.js';

const PACKAGES = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  '@nestjs/platform-fastify',
  '@nestjs/typeorm',
  '@types/express',
  '@types/node',
  'pg',
  'reflect-metadata',
  'rxjs',
  'typeorm',
];

/** What `nest new` writes into tsconfig.json, which is less than `strict`. */
const USUAL = { strict: false, strictNullChecks: true, noImplicitAny: false };

it.each([
  ['and strict', {}],
  ['and the settings of a new Nest application', USUAL],
])('Hooks have their types with TypeScript 5.7 %s', async (_, settings) => {
  const folder = await mkdtemp(join(tmpdir(), 'types-'));
  try {
    const app = await FreshApplication.install(await packInto(folder), {
      type: 'module',
      packages: PACKAGES,
      versions: { typescript: '~5.7.0' },
      // Types of others are not ours to judge.
      compilerOptions: { module: 'nodenext', skipLibCheck: true, noEmit: true, ...settings },
    });
    try {
      const hooks = await readFile(join(ROOT, 'test/types/hooks.ts'), 'utf8');
      expect(await app.evaluate('console.log(require("typescript").version)')).toMatch(/^5\.7\./);
      await app.compile([], { 'hooks.ts': hooks });
    } finally {
      await app.remove();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
