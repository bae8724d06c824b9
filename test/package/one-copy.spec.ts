import { cp, mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { FreshApplication } from './fresh-application.js';
import { ROOT } from './packed.js';
import { NODE_VERSIONS, findNode } from './node-versions.js';
import { NEST_11, NEST_12, type Recipe } from './recipes.js';

// A class that is there twice is unknown to `instanceof`, to Nest and to TypeORM.

const PATHS = ['', '/testing', '/client', '/client/element'].map(
  (path) => `nestjs-chunked-upload${path}`,
);

/** Prints the names of what is not the same by `require` and by `import`. */
const compare = (first: 'import' | 'require', paths = PATHS): string => `(async () => {
  require('reflect-metadata');
  const by = { require: (path) => require(path), import: (path) => import(path) };
  const [one, other] = '${first}' === 'import' ? [by.import, by.require] : [by.require, by.import];
  let names = 0;
  for (const path of ${JSON.stringify(paths)}) {
    const [exports, again] = [await one(path), await other(path)];
    for (const name of Object.keys(exports)) {
      names += 1;
      if (exports[name] !== again[name]) console.log(name);
    }
  }
  const { StorageProvider } = require('nestjs-chunked-upload');
  const { MemoryStorage } = await import('nestjs-chunked-upload/testing');
  console.log(names > 20 && new MemoryStorage() instanceof StorageProvider);
})();`;

describe.each([NEST_11, NEST_12])('In $name', (recipe: Recipe) => {
  let app: FreshApplication;

  beforeAll(async () => {
    app = await FreshApplication.install(recipe);
  });

  it.each(['import', 'require'] as const)(
    'what is loaded by import and by require is the same, %s first',
    async (first) => {
      expect(await app.evaluate(compare(first))).toBe('true');
    },
  );
});

describe('The storage on S3', () => {
  const S3 = 'nestjs-chunked-upload/s3';
  let app: FreshApplication;

  beforeAll(async () => {
    app = await FreshApplication.install(NEST_12);
  });

  it.each(['import', 'require'] as const)('names the package that it wants, by %s', async (by) => {
    const message = `(async () => ${by}('${S3}'))().catch(({ message }) => console.log(message))`;
    expect(await app.evaluate(message)).toContain("'@aws-sdk/client-s3'");
  });

  it.each(['import', 'require'] as const)('is the same with that, %s first', async (first) => {
    // Beside this application alone: others of the recipe are to have no optional peer.
    const own = join(app.folder, 'node_modules');
    const name = 'nestjs-chunked-upload';
    await cp(join(app.root, 'node_modules', name), join(own, name), { recursive: true });
    await mkdir(join(own, '@aws-sdk'), { recursive: true });
    const sdk = join('@aws-sdk', 'client-s3');
    await rm(join(own, sdk), { force: true });
    await symlink(join(ROOT, 'node_modules', sdk), join(own, sdk));
    expect(await app.evaluate(compare(first, [name, `${name}/testing`, S3]))).toBe('true');
    const storage = `
      const { S3Storage } = require('${S3}');
      const { StorageProvider } = require('${name}');
      console.log(new S3Storage({ bucket: 'a', region: 'b' }) instanceof StorageProvider)`;
    expect(await app.evaluate(storage)).toBe('true');
  });
});

describe('On other versions of Node', () => {
  let app: FreshApplication;

  beforeAll(async () => {
    app = await FreshApplication.install(NEST_12);
  });

  it.each(NODE_VERSIONS)(
    'what is loaded by import and by require is the same: %s',
    async (version) => {
      const node = await findNode(app, version);
      if (node) expect(await app.evaluate(compare('require'), node)).toBe('true');
    },
  );
});

describe('Where the loader makes two copies of it, as that of Jest does for ES modules,', () => {
  const mixed = (first: 'import' | 'require', path: string): string => `
    import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    const load = { import: () => import('${path}'), require: async () => require('${path}') };
    const [one, other] = ${first === 'import' ? '[load.import, load.require]' : '[load.require, load.import]'};
    test('${first} ${path}', async () => {
      await one();
      await expect(other()).rejects.toThrow(/its classes would exist twice/);
    });`;

  let app: FreshApplication;

  beforeAll(async () => {
    app = await FreshApplication.install(NEST_11);
  });

  it('the second says so', async () => {
    for (const path of PATHS) {
      const name = path.replaceAll('/', '-');
      await app.write({
        [`${name}.import.test.mjs`]: mixed('import', path),
        [`${name}.require.test.mjs`]: mixed('require', path),
      });
    }
    const config = { testMatch: ['**/*.test.mjs'], transform: {} };
    const args = [app.bin('jest'), '--config', JSON.stringify(config), '--runInBand'];
    const env = { NODE_OPTIONS: '--experimental-vm-modules' };
    const { code, output } = await app.run(process.execPath, args, env);
    expect(code, output).toBe(0);
    const tests = PATHS.length * 2;
    expect(output).toContain(`${tests} passed, ${tests} total`);
  });
});
