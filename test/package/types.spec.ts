import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { FreshApplication } from './fresh-application.js';
import { ROOT } from './packed.js';
import { NEST_11 } from './recipes.js';

/** What `nest new` writes into tsconfig.json, which is less than `strict`. */
const USUAL = { strict: false, strictNullChecks: true, noImplicitAny: false };

describe('Hooks have their types with TypeScript 5.7', () => {
  let app: FreshApplication;

  beforeAll(async () => {
    app = await FreshApplication.install(NEST_11);
  });

  it.each([
    { title: 'and strict', folder: 'strict', settings: { strict: true } },
    { title: 'and the settings of a new Nest application', folder: 'usual', settings: USUAL },
  ])('$title', async ({ folder, settings }) => {
    const compilerOptions = {
      target: 'es2023',
      module: 'nodenext',
      types: ['node'],
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      // Types of others are not ours to judge.
      skipLibCheck: true,
      noEmit: true,
      ...settings,
    };
    await app.write({
      [`${folder}/package.json`]: { type: 'module' },
      [`${folder}/tsconfig.json`]: { compilerOptions },
      [`${folder}/hooks.ts`]: await readFile(join(ROOT, 'test/types/hooks.ts'), 'utf8'),
    });
    const tsc = join(app.root, 'node_modules/typescript-5.7/bin/tsc');
    const { code, output } = await app.run(process.execPath, [tsc, '-p', folder]);
    expect(code, output).toBe(0);
  });
});
