import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Locator, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { UploadClient, sample } from '../support/upload-client.js';
import { browserTitle, hasBrowser } from './browser.js';
import { Clip } from './clip.entity.js';
import { resize, wear } from './looks.js';
import { useStage } from './stage.js';

const rootOnly: CanActivate = {
  canActivate(context: ExecutionContext) {
    const { user } = context.switchToHttp().getRequest<{ user?: { id: string } }>();
    return user?.id === 'root';
  },
};

const file = sample(300);

describe.skipIf(!hasBrowser)(browserTitle('the admin page'), () => {
  const stage = useStage(() => {
    const admin = { path: 'admin/uploads', guards: [rootOnly] };
    return startHost({ upload: { admin }, types: [{ path: 'clips', entity: Clip }] });
  });
  let host: Host;
  let uploads: UploadClient;
  let page: Page;

  beforeEach(async () => {
    ({ site: host, page } = stage);
    uploads = new UploadClient(`${host.url}/uploads`);
    await host.dataSource.query('TRUNCATE chunked_upload, clip');
    await page.setExtraHTTPHeaders({ 'x-user': 'root' });
  });
  afterEach(() => expect(stage.complaints).toEqual([]));

  const open = async (query = ''): Promise<void> => {
    await page.goto(`${host.url}/admin/uploads${query}`);
    await expect.poll(() => page.locator('#count').textContent()).toMatch(/upload/);
  };
  const begin = (filename: string) => uploads.begin(file.subarray(0, 100), 300, { filename });
  const beginAll = async (...names: string[]): Promise<void> => {
    for (const name of names) await begin(name);
  };
  const row = (name: string): Locator => page.locator('#rows tr', { hasText: name });
  const names = (): Promise<string[]> => page.locator('#rows .name').allTextContents();
  const press = (name: string): Promise<void> => page.getByRole('button', { name }).click();
  const question = (): Locator => page.getByRole('alertdialog');
  const focused = (): Promise<string> =>
    page.evaluate(() => document.activeElement?.textContent ?? '');
  const expire = (): Promise<unknown> =>
    host.dataSource.query(`UPDATE chunked_upload SET expires_at = now() - interval '1 minute'`);

  it('shows what there is, as a table with headings', async () => {
    await begin('film.mp4');
    await uploads.as('bob').file(file, { filename: 'done.bin' });
    await open();
    expect(await names()).toEqual(['done.bin', 'film.mp4']);
    const cells = await page
      .getByRole('row', { name: /film\.mp4/ })
      .getByRole('cell')
      .allTextContents();
    expect(cells.slice(1)).toEqual([
      'incomplete',
      '33 %',
      '300 bytes',
      'ann',
      '–',
      'uploads',
      expect.stringMatching(/^\d+ s$/),
    ]);
    expect(await page.getByRole('columnheader').count()).toBe(9);
    expect(await page.getByRole('rowheader', { name: 'film.mp4' }).count()).toBe(1);
    expect(await page.locator('#count').textContent()).toBe('2 uploads');
  });

  it('says when there is nothing, and when nothing matches', async () => {
    await open();
    expect(await page.locator('#empty').textContent()).toMatch(/No uploads yet/);
    await open('?status=expired');
    expect(await page.locator('#empty').textContent()).toMatch(/matches these filters/);
    await press('Clear filters');
    await expect.poll(() => page.url()).toBe(`${host.url}/admin/uploads`);
  });

  it('shows hostile filenames as the words that they are', async () => {
    const name = '"><img src=x onerror=alert(1)><script>alert(2)</script>.txt';
    await beginAll(name, 'photo\u202Egpj.exe', `${'long'.repeat(60)}.bin`);
    await open();
    expect(await names()).toEqual([`${'long'.repeat(60)}.bin`, 'photo⟨U+202E⟩gpj.exe', name]);
    await row('onerror').locator('.name').click();
    await expect.poll(() => page.locator('#detail-title').textContent()).toBe(name);
    await page.locator('#detail-delete').click();
    await expect.poll(() => question().textContent()).toContain(name);
    expect(await page.locator('img, script:not([src])').count()).toBe(0);
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
    ).toBeLessThanOrEqual(0);
  });

  it('keeps filters and order in its address, back and reload included', async () => {
    await beginAll('b.txt', 'a.txt', 'c.bin');
    await uploads.file(file, { filename: 'aa.txt' });
    await open();
    await page.getByLabel('Search').fill('A');
    await expect.poll(names).toEqual(['aa.txt', 'a.txt']);
    await page.getByLabel('Status').selectOption('incomplete');
    await expect.poll(names).toEqual(['a.txt']);
    expect(page.url()).toMatch(/\?search=A&status=incomplete$/);
    await page.reload();
    await expect.poll(names).toEqual(['a.txt']);
    expect(await page.getByLabel('Search').inputValue()).toBe('A');
    await page.goBack();
    await expect.poll(names).toEqual(['aa.txt', 'a.txt']);
    expect(await page.getByLabel('Status').inputValue()).toBe('');
    await press('Clear filters');
    const heading = page.getByRole('columnheader', { name: 'Filename' });
    await heading.getByRole('button').click();
    await expect.poll(names).toEqual(['a.txt', 'aa.txt', 'b.txt', 'c.bin']);
    expect(await heading.getAttribute('aria-sort')).toBe('ascending');
    await heading.getByRole('button').click();
    await expect.poll(names).toEqual(['c.bin', 'b.txt', 'aa.txt', 'a.txt']);
  });

  it('turns pages, and back', async () => {
    await host.dataSource.query(
      `INSERT INTO chunked_upload (id, filename, key, final_key, created_at)
      SELECT gen_random_uuid(), 'file ' || n, '', '', now() - n * interval '1 s'
      FROM generate_series(1, 120) AS n`,
    );
    await open();
    expect(await names()).toHaveLength(50);
    await page.keyboard.press('n');
    await expect.poll(async () => (await names())[0]).toBe('file 51');
    await page.keyboard.press('n');
    await expect.poll(names).toHaveLength(20);
    expect(await page.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true);
    await page.keyboard.press('p');
    await expect.poll(async () => (await names())[0]).toBe('file 51');
    await press('First page');
    await expect.poll(async () => (await names())[0]).toBe('file 1');
  });

  it('shows one upload with its history; back closes it, and the focus returns', async () => {
    const { id } = await begin('film.mp4');
    await uploads.put('bytes 100-199/300', file.subarray(100, 200), { id });
    await begin('other.mp4');
    await open();
    await row('film.mp4').locator('.name').click();
    const dialog = page.getByRole('dialog', { name: 'film.mp4' });
    await dialog.waitFor();
    await expect.poll(() => dialog.locator('.history tbody tr').count()).toBe(2);
    expect(await dialog.textContent()).toContain(id);
    expect(page.url()).toContain(id);
    await page.reload();
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.url()).not.toContain(id);
    expect(await focused()).toBe('film.mp4');
    await page.goBack();
    await dialog.waitFor();
    await page.goForward();
    await expect.poll(() => dialog.count()).toBe(0);
  });

  it('refreshes by itself and loses neither selection nor focus', async () => {
    const { id } = await begin('one.bin');
    await beginAll('two.bin', 'three.bin');
    await page.clock.install();
    await open();
    await page.getByLabel('Select two.bin').check();
    await row('one.bin').locator('.name').focus();
    await uploads.put('bytes 100-199/300', file.subarray(100, 200), { id });
    await begin('four.bin');
    await page.clock.fastForward(5_000);
    await expect.poll(names).toEqual(['four.bin', 'three.bin', 'two.bin', 'one.bin']);
    expect(await row('one.bin').locator('.progress').textContent()).toBe('66 %');
    expect(await page.getByLabel('Select two.bin').isChecked()).toBe(true);
    expect(await page.locator('#selected').textContent()).toBe('1 selected');
    expect(await focused()).toBe('one.bin');
  });

  it('by keys alone: moves, selects, asks, and deletes only after a yes', async () => {
    await beginAll('a', 'b', 'c', 'd');
    await open();
    for (const key of ['j', 'x', 'ArrowDown', 'j', 'x', 'k', 'd']) await page.keyboard.press(key);
    await question().waitFor();
    expect(await question().locator('h2').textContent()).toBe('Delete 2 uploads?');
    expect(await question().locator('li').allTextContents()).toEqual(['d', 'b']);
    expect(await focused()).toBe('Cancel');
    await page.keyboard.press('Enter');
    await expect.poll(() => question().count()).toBe(0);
    expect(await names()).toEqual(['d', 'c', 'b', 'a']);
    await page.keyboard.press('Delete');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#notice-text').textContent()).toBe('2 deleted.');
    expect(await page.locator('#announcer').textContent()).toBe('2 deleted.');
    await expect.poll(names).toEqual(['c', 'a']);
    expect(await host.uploads.find()).toHaveLength(2);
  });

  it('aborts, and says of which that was not possible', async () => {
    const { id } = await begin('live');
    await uploads.file(file, { filename: 'done' });
    await open();
    await page.getByLabel('Select all of this page').check();
    await press('Abort…');
    await question().getByRole('button', { name: 'Abort' }).click();
    await expect.poll(() => page.locator('#notice-text').textContent()).toBe('1 aborted, 1 not:');
    expect(await page.locator('#notice-list').textContent()).toMatch(/^done: .*complete/);
    await expect.poll(() => row('live').locator('.badge').textContent()).toBe('aborted');
    expect((await host.uploads.findOne(id)).status).toBe(3);
  });

  it('deletes what has expired, after a question that says how many', async () => {
    await beginAll('old 1', 'old 2');
    await expire();
    await begin('new');
    await open('?search=new');
    await page.keyboard.press('e');
    await expect.poll(() => question().textContent()).toMatch(/bytes of 2 uploads are removed/);
    await question().getByRole('button', { name: 'Delete the expired' }).click();
    await expect.poll(() => page.locator('#notice-text').textContent()).toBe('Deleted: 2 uploads.');
    expect((await host.uploads.find()).map(({ filename }) => filename)).toEqual(['new']);
    await press('Delete expired…');
    await expect
      .poll(() => page.locator('#notice-text').textContent())
      .toMatch(/No upload has expired/);
  });

  it('says when the server cannot be reached, and goes on when it can', async () => {
    await begin('film.mp4');
    await open();
    // Else it may find the server again before it is asked to.
    await page.getByLabel('Live').uncheck();
    await page.route('**/api/**', (route) => route.abort());
    await press('Refresh');
    const alert = page.getByRole('alert');
    await expect.poll(() => alert.textContent()).toMatch(/cannot be reached/);
    expect(await names()).toEqual(['film.mp4']);
    await page.unroute('**/api/**');
    await press('Try again');
    await expect.poll(() => alert.count()).toBe(0);
  });

  it('lists its keys, which can be switched off', async () => {
    await begin('a');
    await open();
    await page.keyboard.press('?');
    await page.getByLabel('Use these keys').uncheck();
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.keyboard.press('d');
    expect(await question().count()).toBe(0);
    await press('Keys');
    await page.getByLabel('Use these keys').check();
    await press('Close');
    await page.keyboard.press('j');
    await page.keyboard.press('d');
    await question().waitFor();
  });

  it('fits a narrow screen, and has all of it there', async () => {
    await resize(page, 390, 800);
    await beginAll('a long name of a file that needs more than one line.mp4', 'b');
    await open();
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(await overflow()).toBeLessThanOrEqual(0);
    await page.getByLabel('Sort by').selectOption('filename, A to Z');
    await expect.poll(async () => (await names())[1]).toBe('b');
    await page.getByLabel('Select b').check();
    await press('Delete…');
    await question().getByRole('button', { name: 'Delete' }).click();
    await expect.poll(names).toHaveLength(1);
    await row('a long name').locator('.name').click();
    await page.locator('#detail dl').waitFor();
    expect(await overflow()).toBeLessThanOrEqual(0);
  });

  it('is dark where the reader wants it', async () => {
    await open();
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await wear(page, { colorScheme: 'light' });
    const light = await ground();
    await wear(page, { colorScheme: 'dark' });
    await expect.poll(ground).not.toBe(light);
  });
});
