import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Locator } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UploadQueue } from '../../src/client/index.js';
import { rounds } from '../support/rounds.js';
import { md5 } from '../support/upload-client.js';
import { firefoxTitle, hasFirefox } from './browser.js';
import { FilePondPage } from './clients/filepond-page.js';
import { TusPage } from './clients/tus-page.js';
import { ElementPage } from './element-page.js';
import { startDemo, useStage } from './stage.js';

const MIB = 1024 * 1024;
/** More than the client sends in one chunk. */
const content = randomBytes(12 * MIB);

/** What the scripts of a page leave for the test. */
interface OwnPage {
  readonly queue: UploadQueue;
}

// What differs from one browser to another. Everything else is tried in Chromium.
describe.skipIf(!hasFirefox)(firefoxTitle('In Firefox'), () => {
  const stage = useStage(startDemo, 'firefox');
  let element: ElementPage;
  let film: string;

  beforeEach(async () => {
    element = new ElementPage(stage.page);
    film = await stage.file('film.mp4', content);
  });
  afterEach(() => expect(stage.complaints).toEqual([]));

  describe('<chunked-upload>', () => {
    beforeEach(() => element.open(stage.network.url));

    const as = (user: string): Promise<unknown> =>
      stage.page.getByLabel('as', { exact: true }).selectOption(user);
    const uploadsOf = async (user: string): Promise<unknown> => {
      const headers = { Authorization: `Basic ${btoa(`${user}:${user}-pw`)}` };
      const list = await fetch(`${stage.site.url}/uploads/files`, { headers });
      return list.json();
    };
    const choose = (path: string): Promise<void> => stage.page.setInputFiles('#files', path);
    const sent = (name: string): Promise<number> =>
      element
        .row(name)
        .locator('progress')
        .evaluate((bar: HTMLProgressElement) => bar.value);

    it('shows the progress, goes on after a cut connection, and gives the file back', async () => {
      const held = stage.network.after(6 * MIB, 'hold');
      await choose(film);
      await held;
      await expect.poll(() => sent('film.mp4')).toBeGreaterThan(2 * MIB);
      await element.inState('film.mp4', 'sending');
      stage.network.cut();
      stage.network.release();
      await element.inState('film.mp4', 'complete');

      const [download] = await Promise.all([
        stage.page.waitForEvent('download'),
        element.row('film.mp4').getByText('Download').click(),
      ]);
      expect(download.suggestedFilename()).toBe('film.mp4');
      expect(md5(await readFile(await download.path()))).toBe(md5(content));
    });

    it('goes on in a later visit when the same file is chosen again', async () => {
      await as('alice');
      const held = stage.network.after(10 * MIB, 'hold');
      await choose(film);
      await held;
      await expect.poll(() => sent('film.mp4')).toBeGreaterThan(7 * MIB);
      await stage.leavePage();
      await stage.page.goto(stage.network.url);
      await as('alice');
      const ranges: string[] = [];
      stage.page.on('request', (request) => {
        if (request.method() === 'PUT') ranges.push(request.headers()['content-range'] ?? '');
      });
      const [chooser] = await Promise.all([
        stage.page.waitForEvent('filechooser'),
        element.button('Choose file film.mp4').click(),
      ]);
      await chooser.setFiles(film);
      await element.inState('film.mp4', 'complete');
      // It went on behind what had arrived, and nothing was begun anew.
      expect(ranges[0]).toMatch(/^bytes [1-9]/);
      expect(await uploadsOf('alice')).toMatchObject([{ status: 2, offset: content.length }]);
    });

    it('takes what is dropped, with a sign, and what is pasted', async () => {
      const overlay = stage.page.locator('.overlay');
      await element.drag('dragover');
      await overlay.getByText('Drop to upload').waitFor();
      await element.drag('drop', 'dropped.txt');
      await overlay.waitFor({ state: 'hidden' });
      await element.inState('dropped.txt', 'complete');
      await element.drag('paste', 'pasted.txt');
      await element.inState('pasted.txt', 'complete');
    });

    it('says in the words of the server why a file is refused', async () => {
      await stage.page.getByLabel('Upload to').selectOption('/uploads/notes');
      await element.add({ name: 'long.txt', size: 1001 });
      await element.inState('long.txt', 'failed');
      expect(await element.row('long.txt').locator('.error').innerText()).toContain(
        'Size of file exceeds the limit (1000 bytes)',
      );
    });

    it('removes what is cancelled, here and on the server', async () => {
      await as('bob');
      const held = stage.network.after(6 * MIB, 'hold');
      await choose(film);
      await held;
      await element.forGood(() => element.button('Cancel film.mp4').click());
      stage.network.release();
      await element.row('film.mp4').waitFor({ state: 'detached' });
      expect(await uploadsOf('bob')).toEqual([]);
    });
  });

  it('the queue sends many files, and waits while offline', async () => {
    await stage.page.goto(stage.network.url);
    // As text: vitest would make a call of its own of the import.
    await stage.page.evaluate(`(async () => {
      const { UploadQueue } = await import('/assets/client/index.js');
      globalThis.queue = new UploadQueue({ endpoint: '/uploads/files', atOnce: 5 });
    })()`);
    const add = (count: number, size: number): Promise<void> =>
      stage.page.evaluate(
        ([files = 0, bytes = 0]) => {
          const make = (_: unknown, index: number): File =>
            new File([`${index}`.padEnd(bytes, 'x')], `${Math.random()}.txt`);
          const { queue } = globalThis as unknown as OwnPage;
          queue.add(Array.from({ length: files }, make));
        },
        [count, size],
      );
    const counts = () =>
      stage.page.evaluate(() => (globalThis as unknown as OwnPage).queue.getSnapshot().counts);

    const many = rounds(1_000);
    await add(many, 10);
    await expect.poll(async () => (await counts()).complete).toBe(many);

    const held = stage.network.after(3_000_000, 'hold');
    await add(3, 4_000_000);
    await held;
    await stage.page.context().setOffline(true);
    stage.network.cut();
    stage.network.release();
    await expect.poll(async () => (await counts()).retrying).toBe(3);
    await stage.page.context().setOffline(false);
    await expect.poll(async () => (await counts()).complete).toBe(many + 3);
  });

  it.each([
    { name: 'tus-js-client', client: new TusPage(stage), options: { chunkSize: 4 * MIB } },
    { name: 'FilePond', client: new FilePondPage(stage), options: { chunkSize: 4 * MIB } },
  ])('$name goes on after a cut connection', async ({ client, options }) => {
    await client.open('/uploads/files', options);
    const cut = stage.network.after(10 * MIB, 'cut');
    await client.send('film.mp4', content);
    await cut;
    await stage.expectStored(await client.done(), content, 'film.mp4');
  });

  it('the admin lists, searches, shows and deletes', async () => {
    const headers = { Authorization: `Basic ${btoa('admin:admin-pw')}` };
    const pixel =
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const files = { 'seen.png': Buffer.from(pixel, 'base64'), 'gone.txt': Buffer.from('gone') };
    for (const [name, bytes] of Object.entries(files)) {
      const body = new FormData();
      body.set('file', new File([bytes], name));
      body.set('md5', md5(bytes));
      await fetch(`${stage.site.url}/uploads/files`, { method: 'POST', body, headers });
    }
    const row = (name: string): Locator => stage.page.locator('#rows tr', { hasText: name });
    await stage.page.setExtraHTTPHeaders(headers);
    await stage.page.goto(`${stage.network.url}/admin/uploads?search=seen`);
    await row('seen.png').waitFor();
    expect(await stage.page.locator('#rows tr').count()).toBe(1);
    await row('seen.png').locator('.name').click();
    const image = stage.page.locator('#detail-file img');
    await expect.poll(() => image.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(1);
    await stage.page.keyboard.press('Escape');

    await stage.page.getByLabel('Search').fill('gone');
    await row('gone.txt').waitFor();
    await stage.page.getByLabel('Select gone.txt').check();
    await stage.page.getByRole('button', { name: 'Delete…' }).click();
    await stage.page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
    await row('gone.txt').waitFor({ state: 'detached' });
  });
});
