import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { pageFile } from '../../src/demo/page/layout.js';

describe('the page', () => {
  const html = async (): Promise<string> => readFile(pageFile('/')?.path ?? '', 'utf8');

  it('allows its import map, and no other inline script', async () => {
    const page = await html();
    const [, inline] = /<script type="importmap">(.*?)<\/script>/s.exec(page) ?? [];
    const sum = createHash('sha256').update(String(inline)).digest('base64');
    expect(page).toContain(`script-src 'self' 'wasm-unsafe-eval' 'sha256-${sum}';`);
  });

  it('names only files that are served', async () => {
    const named = (await html()).matchAll(/"(\/assets\/[^"]+)"/g);
    const files = [...named].map(([, url]) => pageFile(url ?? '')?.path ?? '');
    expect(files).toHaveLength(4);
    // The compiler turns page.ts into page.js.
    for (const path of files) expect(existsSync(path.replace(/page\.js$/, 'page.ts'))).toBe(true);
  });

  it('tells the type of a file', () => {
    const types = [
      '/',
      '/assets/demo/page/page.css',
      '/assets/client/index.js',
      '/assets/client/element/chunked-upload.element.js',
    ].map((url) => pageFile(url)?.contentType);
    expect(types).toEqual([
      'text/html; charset=utf-8',
      'text/css; charset=utf-8',
      'text/javascript; charset=utf-8',
      'text/javascript; charset=utf-8',
    ]);
  });

  it.each([
    '/assets/client/../../package.json',
    '/assets/client/..%2f..%2fmain.js',
    '/assets/client/sub/index.js',
    '/assets/client/element/../index.js',
    '/assets/client/',
    '/assets/client/index.d.ts',
    '/assets/main.js',
    '/package.json',
    '/constructor',
    '',
  ])('serves nothing for %s', (path) => {
    expect(pageFile(path)).toBeNull();
  });
});
