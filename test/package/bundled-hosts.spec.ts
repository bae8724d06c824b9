import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '../support/database.js';
import { UploadClient, md5 } from '../support/upload-client.js';
import { FreshApplication, sources } from './fresh-application.js';
import { NEST_11, NEST_12, type Recipe } from './recipes.js';

/** Enough for the hashing threads. */
const file = Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(3_000_000)]);

/** All but what hosts have to leave outside, since it loads packages by names that it makes up. */
const OUTSIDE = ['@nestjs/*', 'typeorm', 'pg', 'rxjs', 'reflect-metadata', 'class-*'];
const REQUIRE =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const esbuild = (format: string, outfile: string, ...more: string[]): string[] => [
  'esbuild',
  'bundled.main.js',
  '--bundle',
  '--platform=node',
  `--format=${format}`,
  `--outfile=${outfile}`,
  '--minify-whitespace',
  ...more,
];

/** As `nest build --webpack` does, but with packages of `node_modules` in the bundle. */
const WEBPACK = `module.exports = {
  mode: 'none',
  target: 'node',
  entry: './bundled.main.js',
  output: { path: __dirname, filename: 'webpack.bundle.js' },
  externals: [({ request }, callback) =>
    /^(@nestjs\\/(?!swagger)|typeorm$|pg$|rxjs$|reflect-metadata$)/.test(request)
      ? callback(null, 'commonjs ' + request)
      : callback()],
};`;

interface Bundler {
  readonly title: string;
  readonly recipe: Recipe;
  readonly command: readonly string[];
  readonly bundle: string;
}

const BUNDLERS: readonly Bundler[] = [
  {
    title: 'esbuild, to an ES module',
    recipe: NEST_12,
    command: esbuild(
      'esm',
      'esbuild.bundle.mjs',
      ...OUTSIDE.map((name) => `--external:${name}`),
      `--banner:js=${REQUIRE}`,
    ),
    bundle: 'esbuild.bundle.mjs',
  },
  {
    title: 'esbuild, to CommonJS, with class names of its own',
    recipe: NEST_11,
    command: esbuild(
      'cjs',
      'esbuild.bundle.js',
      ...OUTSIDE.filter((name) => name !== 'class-*').map((name) => `--external:${name}`),
      '--minify-identifiers',
    ),
    bundle: 'esbuild.bundle.js',
  },
  {
    title: 'webpack',
    recipe: NEST_11,
    command: ['webpack'],
    bundle: 'webpack.bundle.js',
  },
];

describe.each(BUNDLERS)('A host bundled by $title', ({ recipe, command, bundle }) => {
  let app: FreshApplication;

  beforeAll(async () => {
    app = await FreshApplication.install(recipe);
    await app.compile(await sources(['bundled.main.ts']), { skipLibCheck: true });
    await app.write({ 'webpack.config.js': WEBPACK });
    const [program = '', ...args] = command;
    const { code, output } = await app.run(app.bin(program), args);
    expect(code, output).toBe(0);
    expect(output).not.toMatch(/warning.*import\.meta/i);
  });

  it('contains the package', async () => {
    const text = await readFile(join(app.folder, bundle), 'utf8');
    expect(text).not.toMatch(/(require\(|from ?)["']nestjs-chunked-upload/);
    expect(text).toContain('Another request is writing this upload');
  });

  it('takes uploads, hashes them in a thread and shows the page of the admin', async () => {
    const database = await createDatabase();
    try {
      await app.withServer(bundle, database.url, async (url, printed) => {
        const client = new UploadClient(`${url}/uploads`);
        const half = 1_500_000;
        const beginning = file.subarray(0, half);
        const { id } = await client.begin(beginning, file.length, { filename: 'a.pdf' });
        const range = `bytes ${half}-${file.length - 1}/${file.length}`;
        await client.put(range, file.subarray(half), { id, form: {} });
        expect((await client.complete(id, md5(file))).upload).toMatchObject({ id, status: 2 });
        expect(md5((await client.download(id)).bytes)).toBe(md5(file));
        await expect.poll(printed).toContain('a thread hashes');

        const page = await fetch(`${url}/admin/uploads`);
        expect(page.status).toBe(200);
        const html = await page.text();
        const parts = [...html.matchAll(/(?:href|src)="([^"]+\.(?:css|js|svg))"/g)];
        expect(parts.length).toBeGreaterThan(1);
        for (const [, path = ''] of parts) {
          expect((await fetch(new URL(path, page.url))).status, path).toBe(200);
        }
        const list = await fetch(`${url}/admin/uploads/api/uploads`);
        expect(list.status).toBe(200);
      });
    } finally {
      await database.drop();
    }
  });
});
