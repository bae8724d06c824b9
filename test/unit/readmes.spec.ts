import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ROOT,
  type Readme,
  anchorsOf,
  blockWith,
  linksOf,
  readme,
  readmes,
} from '../support/readmes.js';

let pages: Readme[];

beforeAll(async () => {
  pages = await readmes();
});

/** Which test looks at every block of a language. */
const LANGUAGES: Readonly<Record<string, string>> = {
  ts: 'test/package/readme-types.spec.ts',
  sh: 'test/e2e/readme.spec.ts',
  nginx: 'test/e2e/readme.spec.ts',
  python: 'test/e2e/readme.spec.ts',
  json: 'test/unit/readmes.spec.ts',
};

/** No compiler of these is here; lines of a log, and drawings. */
const UNTESTED = ['kotlin', 'swift', 'text'];

const PROTOCOLS = 'src/chunked-upload/protocols/README.md';
const ELEMENT = 'src/client/element/README.md';
const MIGRATIONS = 'src/chunked-upload/migrations/README.md';
const PLATFORM = 'src/chunked-upload/platform/README.md';
const QUEUE = 'src/client/queue/README.md';

/** Of the others each block, by words that only it has, and the test that finds it by them and runs it. */
const BLOCKS: readonly (readonly [page: string, language: string, words: string, spec: string])[] =
  [
    [PROTOCOLS, 'html', 'uppy.min.mjs', 'test/browser/readme-pages.spec.ts'],
    [PROTOCOLS, 'js', 'new tus.Upload', 'test/browser/readme-pages.spec.ts'],
    [PROTOCOLS, 'html', 'filepond.js', 'test/browser/readme-pages.spec.ts'],
    [PROTOCOLS, 'js', 'load: (id', 'test/browser/readme-pages.spec.ts'],
    [ELEMENT, 'html', '<chunked-upload', 'test/browser/readme-pages.spec.ts'],
    [ELEMENT, 'js', "import 'nestjs", 'test/browser/readme-pages.spec.ts'],
    [ELEMENT, 'js', 'user.id', 'test/browser/readme-pages.spec.ts'],
    [ELEMENT, 'js', "'upload-complete'", 'test/browser/readme-pages.spec.ts'],
    [ELEMENT, 'css', '::part(row-failed)', 'test/browser/readme-pages.spec.ts'],
    [ELEMENT, 'js', "lang = 'de'", 'test/browser/readme-pages.spec.ts'],
    [ELEMENT, 'tsx', 'Album.tsx', 'test/browser/frameworks.spec.ts'],
    [QUEUE, 'tsx', 'Uploads.tsx', 'test/browser/frameworks.spec.ts'],
    [QUEUE, 'vue', 'Uploads.vue', 'test/browser/frameworks.spec.ts'],
    [QUEUE, 'svelte', 'Uploads.svelte', 'test/browser/frameworks.spec.ts'],
    [PLATFORM, 'js', 'vite.config.js', 'test/e2e/readme.spec.ts'],
    [MIGRATIONS, 'sql', 'INSERT INTO chunked_upload', 'test/e2e/django-records.spec.ts'],
  ];

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

  it('have code that a test compiles or runs', () => {
    const blocks = pages.flatMap((page) => page.blocks.map((block) => ({ page, ...block })));
    const others = blocks
      .filter(({ language }) => !(language in LANGUAGES) && !UNTESTED.includes(language))
      .map(({ page, language, text }) => `${page.path}, ${language}: ${text}`);
    const tested = BLOCKS.map(([path, language, words]) => {
      const page = pages.find((each) => each.path === path);
      return `${path}, ${language}: ${page && blockWith(page, language, words)}`;
    });
    expect(others.toSorted()).toEqual(tested.toSorted());
  });

  it('have it found by the test that is named here', async () => {
    const finds = [
      ...Object.entries(LANGUAGES).map(([language, spec]) => ({ spec, words: [`'${language}'`] })),
      ...BLOCKS.map(([path, , words, spec]) => ({ spec, words: [path, words] })),
    ];
    for (const { spec, words } of finds) {
      const text = await readFile(join(ROOT, spec), 'utf8');
      for (const each of words) expect(text, spec).toContain(each);
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
