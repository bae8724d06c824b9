import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { FreshApplication, sources } from './fresh-application.js';
import { NEST_11 } from './recipes.js';

const SOURCES = [
  'entities.ts',
  'create-tables.migration.ts',
  'app.module.ts',
  'options.ts',
  'unit.test.ts',
];

/** What hosts tell the oldest compiler that reads our types, in a package of this type. */
const SETTINGS = [
  { title: 'commonjs', type: 'commonjs', module: 'commonjs' },
  { title: 'a bundler', type: 'module', module: 'esnext', moduleResolution: 'bundler' },
  // As `nest new` has it, but that nothing of our declarations is skipped.
  { title: 'nodenext', type: 'commonjs', module: 'nodenext', skipLibCheck: false },
];

describe('TypeScript 5.7', () => {
  let app: FreshApplication;

  beforeAll(async () => {
    app = await FreshApplication.install(NEST_11);
  });

  it.concurrent.each(SETTINGS)(
    'compiles a host for $title',
    async ({ title, type, ...options }) => {
      const folder = title.replaceAll(/\W+/g, '-');
      const compilerOptions = {
        skipLibCheck: true,
        ...options,
        target: 'es2023',
        types: ['node'],
        strict: true,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
        esModuleInterop: true,
        noEmit: true,
      };
      await app.write({
        [`${folder}/package.json`]: { type },
        [`${folder}/tsconfig.json`]: { compilerOptions },
      });
      const texts = Object.entries(await sources(SOURCES));
      await app.write(Object.fromEntries(texts.map(([name, text]) => [`${folder}/${name}`, text])));
      const tsc = join(app.root, 'node_modules/typescript-5.7/bin/tsc');
      const { code, output } = await app.run(process.execPath, [tsc, '-p', folder]);
      expect(code, output).toBe(0);
    },
  );
});
