import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT, type Readme, anchorsOf, linksOf, readme, readmes } from '../support/readmes.js';

let pages: Readme[];

beforeAll(async () => {
  pages = await readmes();
});

/** Which test looks at the blocks of a language. */
const LANGUAGES: Readonly<Record<string, string>> = {
  ts: 'test/package/readme-types.spec.ts',
  sh: 'test/e2e/readme.spec.ts',
  nginx: 'test/e2e/readme.spec.ts',
  sql: 'test/e2e/django-records.spec.ts',
  json: 'this one',
  // Of pages: `test/browser` runs what they show.
  html: 'test/browser',
  js: 'test/browser',
  css: 'test/browser',
  tsx: 'test/browser',
  vue: 'test/browser',
  svelte: 'test/browser',
  // No compiler of these is here.
  kotlin: 'none',
  swift: 'none',
  // The settings of drf-chunked-upload, to be compared with ours; drawings.
  python: 'none',
  text: 'none',
};

/** What nobody understood who had not read the source. */
const RIDDLES = [
  'sees the own uploads only',
  'while modules are put together',
  'without a caller are not asked',
  "that is no form's",
  'deleted past TypeORM',
  'Values are single ones',
  'for no client a must',
  'whatever sum comes with it',
  'all that is known of it',
  'that lost each other',
  'visitors are up to',
  'by its public side alone',
  'who dies, and when',
  'whose uploads they are',
  'goes on by itself',
];

describe('The READMEs', () => {
  it('are one at the top and one in each room', () => {
    expect(pages.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'README.md',
        'src/chunked-upload/owners/README.md',
        'test/README.md',
      ]),
    );
  });

  it('are short: 180 lines at the top, 200 in each room', () => {
    const lines = (text: string): number => text.split('\n').length - 1;
    const long = pages.filter(({ path, text }) => lines(text) > (path === 'README.md' ? 180 : 200));
    expect(long.map(({ path, text }) => `${path}: ${lines(text)} lines`)).toEqual([]);
  });

  it('have links that lead to files and headings that are there', async () => {
    const broken: string[] = [];
    for (const page of pages) {
      for (const { file, anchor } of linksOf(page)) {
        const exists = existsSync(join(ROOT, file));
        const found = exists && (anchor === '' || anchorsOf(await readme(file)).includes(anchor));
        if (!found) broken.push(`${page.path}: ${file}#${anchor}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('can all be reached from the one at the top', async () => {
    const reached = new Set(['README.md']);
    for (const path of reached) {
      for (const { file } of linksOf(await readme(path))) {
        if (file.endsWith('README.md')) reached.add(file);
      }
    }
    const lost = pages.filter(({ path }) => !reached.has(path));
    expect(lost.map(({ path }) => path)).toEqual([]);
  });

  it('have code in languages that a test compiles or runs', () => {
    for (const { path, blocks } of pages) {
      for (const { language } of blocks) expect(Object.keys(LANGUAGES), path).toContain(language);
    }
  });

  it('have JSON that is some', () => {
    for (const { path, blocks } of pages) {
      for (const { language, text } of blocks) {
        if (language === 'json') expect(() => JSON.parse(text) as unknown, path).not.toThrow();
      }
    }
  });

  it('have none of the sentences that nobody understood', () => {
    for (const { path, text } of pages) {
      const flat = text.replaceAll(/\s+/g, ' ');
      expect(
        RIDDLES.filter((riddle) => flat.includes(riddle)),
        path,
      ).toEqual([]);
    }
  });
});
