import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { browserTitle, hasBrowser } from './browser.js';
import { ElementPage, type MadeFile } from './element-page.js';
import { resize, wear } from './looks.js';
import { useStage } from './stage.js';
import { expectInTime } from '../support/in-time.js';

describe.skipIf(!hasBrowser)(browserTitle('<chunked-upload>'), () => {
  const stage = useStage();
  let element: ElementPage;

  beforeEach(async () => {
    element = new ElementPage(stage.page);
    await element.open(stage.site.url);
  });
  afterEach(() => expect(stage.complaints).toEqual([]));

  const as = (user: string): Promise<unknown> =>
    element.page.getByLabel('as', { exact: true }).selectOption(user);
  const set = (name: string, value: string): Promise<void> =>
    element.page.evaluate(
      ([attribute, to]) =>
        document.querySelector('chunked-upload')?.setAttribute(String(attribute), String(to)),
      [name, value],
    );

  describe('takes files', () => {
    it('that are dropped anywhere, with a sign while they are over the page', async () => {
      const overlay = element.page.locator('.overlay');
      await element.drag('dragover');
      await overlay.getByText('Drop to upload').waitFor();
      await element.drag('dragleave');
      await overlay.waitFor({ state: 'hidden' });

      await element.drag('dragover');
      await element.drag('drop', 'dropped.txt');
      await overlay.waitFor({ state: 'hidden' });
      await element.inState('dropped.txt', 'complete');
    });

    it('that are pasted', async () => {
      await element.drag('paste', 'pasted.txt');
      await element.inState('pasted.txt', 'complete');
    });

    it('and not the picture that an office program adds to a text, where somebody writes', async () => {
      const taken = await element.page.evaluate(() => {
        const paste = (target: HTMLElement, text: string): boolean => {
          document.body.append(target);
          const transfer = new DataTransfer();
          transfer.items.add(new File(['picture'], 'image.png', { type: 'image/png' }));
          if (text !== '') transfer.items.add(text, 'text/plain');
          const event = new ClipboardEvent('paste', {
            bubbles: true,
            cancelable: true,
            composed: true,
          });
          Object.defineProperty(event, 'clipboardData', { value: transfer });
          target.dispatchEvent(event);
          target.remove();
          return event.defaultPrevented;
        };
        const editor = document.createElement('div');
        editor.contentEditable = 'true';
        return {
          textarea: paste(document.createElement('textarea'), 'cells'),
          input: paste(document.createElement('input'), 'cells'),
          editor: paste(editor, ''),
          // No text at all: nothing that a field could take.
          fileInField: paste(document.createElement('input'), ''),
          elsewhere: paste(document.createElement('div'), 'cells'),
        };
      });
      expect(taken).toEqual({
        textarea: false,
        input: false,
        editor: false,
        fileInField: true,
        elsewhere: true,
      });
    });

    it('and not a picture of the page itself that somebody drags', async () => {
      const move = (type: string): Promise<unknown> =>
        element.page.evaluate((kind) => {
          document.body.dispatchEvent(new DragEvent(kind, { bubbles: true }));
        }, type);
      const overlay = element.page.locator('.overlay');
      await move('dragstart');
      await element.drag('dragover');
      expect(await overlay.isVisible()).toBe(false);
      await element.drag('drop', 'own.png');
      await move('dragend');
      await element.drag('drop', 'from-elsewhere.png');
      await element.inState('from-elsewhere.png', 'complete');
      expect(await element.row('own.png').count()).toBe(0);

      // What was dragged went away with its end untold.
      await move('dragstart');
      await element.page.mouse.move(1, 1);
      await element.page.mouse.move(20, 20);
      await element.drag('dragover');
      await overlay.waitFor();
    });

    it('of a dropped folder, and says which of it cannot be read', async () => {
      await element.page.evaluate(() => {
        const place = (path: string) => ({
          fullPath: path,
          name: path.slice(path.lastIndexOf('/') + 1),
        });
        const file = (path: string, found: File | null) => ({
          ...place(path),
          isDirectory: false,
          file: (take: (file: File) => void, fail: () => void) => (found ? take(found) : fail()),
        });
        const folder = (path: string, ...lists: (object[] | null)[]) => ({
          ...place(path),
          isDirectory: true,
          createReader: () => ({
            readEntries: (take: (some: object[]) => void, fail: () => void) => {
              const some = lists.length > 0 ? lists.shift() : [];
              if (some) take(some);
              else fail();
            },
          }),
        });
        const whole = file('/Album/whole.txt', new File(['whole'], 'whole.txt'));
        const long = file('/Album/long.txt', null);
        const entry = folder('/Album', [whole, long], [folder('/Album/locked', null)]);
        const items = [{ kind: 'file', webkitGetAsEntry: () => entry }];
        const event = new DragEvent('drop', { bubbles: true, cancelable: true, composed: true });
        const dataTransfer = { types: ['Files'], items, dropEffect: 'none' };
        Object.defineProperty(event, 'dataTransfer', { value: dataTransfer });
        document.body.dispatchEvent(event);
      });
      await element.inState('whole.txt', 'complete');
      for (const name of ['long.txt', 'locked']) {
        await element.inState(name, 'failed');
        const words = await element.row(name).innerText();
        expect(words).toContain('cannot be read');
        expect(words).toContain('Album');
      }
    });

    it('of a folder, and says where each lies', async () => {
      const album = stage.path('Album');
      await mkdir(join(album, '2026'), { recursive: true });
      await writeFile(join(album, 'cover.txt'), 'cover');
      await writeFile(join(album, '2026', 'lake.txt'), 'lake');
      await writeFile(join(album, '.DS_Store'), 'of the system');

      await element.page.locator('#folder').setInputFiles(album);
      await element.inState('cover.txt', 'complete');
      await element.inState('lake.txt', 'complete');
      expect(await element.row('lake.txt').innerText()).toContain('Album/2026');
      expect(await element.page.locator('#uploads > li').count()).toBe(2);
    });

    it('only as its attributes allow', async () => {
      let asked = false;
      element.page.on('request', (request) => (asked ||= request.method() === 'PUT'));
      await set('accept', '.pdf, image/*');
      await set('max-bytes', '1k');
      await set('min-bytes', '10');
      const refused: readonly { file: MadeFile; words: RegExp }[] = [
        { file: { name: 'a.txt', type: 'text/plain' }, words: /Allowed: \.pdf, image\/\*/ },
        { file: { name: 'large.pdf', size: 1025 }, words: /The limit is 1\.0 KiB/ },
        { file: { name: 'small.pdf', size: 9 }, words: /The minimum is 10 bytes/ },
      ];
      for (const { file, words } of refused) {
        await element.add(file);
        await element.inState(file.name, 'failed');
        expect(await element.row(file.name).locator('.error').innerText()).toMatch(words);
        // What can never succeed is not offered to be tried again.
        expect(await element.row(file.name).getByRole('button').count()).toBe(1);
      }
      expect(asked).toBe(false);
    });

    it('not twice, and not more than allowed', async () => {
      await set('max-files', '2');
      await element.add({ name: 'one' }, { name: 'one' }, { name: 'two' }, { name: 'three' });
      await element.inState('three', 'failed');
      expect(await element.row('three').innerText()).toContain('You can upload only 2 files.');
      expect(await element.page.getByText('This file is already in the list.').count()).toBe(1);
    });
  });

  it('draws ten thousand rows as fast as ten, and all of them can be reached', async () => {
    const release = await element.hold();
    const files = Array.from({ length: 10_000 }, (_, index) => ({
      name: `IMG_${index}.jpg`,
      size: 1,
    }));
    await element.add(...files);
    const items = element.page.locator('#uploads > li');
    await items.first().waitFor();
    expect(await items.count()).toBeLessThan(40);
    expect(await items.first().getAttribute('aria-setsize')).toBe('10000');
    expect(await element.page.locator('.title').first().innerText()).toBe('Uploading 10,000 files');

    await items.first().getByRole('button').first().focus();
    await element.page.keyboard.press('End');
    const focused = (): Promise<string> =>
      element.page.evaluate(
        () =>
          document.querySelector('chunked-upload')?.shadowRoot?.activeElement?.ariaLabel ??
          'nothing',
      );
    await expect.poll(focused).toBe('Cancel IMG_9999.jpg');
    await element.page.keyboard.press('ArrowUp');
    await expect.poll(focused).toBe('Cancel IMG_9998.jpg');
    await element.page.keyboard.press('Home');
    await expect.poll(focused).toMatch(/IMG_0\.jpg$/);
    expect(await items.count()).toBeLessThan(40);

    // Sixty screens of rows, a frame each. What counts is the time in which the page was at work: on a
    // busy machine it waits for its turn.
    const debug = await element.page.context().newCDPSession(element.page);
    await debug.send('Performance.enable', { timeDomain: 'threadTicks' });
    const worked = async (): Promise<number> => {
      const { metrics } = await debug.send('Performance.getMetrics');
      return (metrics.find(({ name }) => name === 'ThreadTime')?.value ?? Infinity) * 1000;
    };
    const STEPS = 60;
    const before = await worked();
    await element.page.evaluate(async (steps) => {
      const scroller = document
        .querySelector('chunked-upload')
        ?.shadowRoot?.querySelector('.scroller');
      for (let step = 0; step < steps; step += 1) {
        if (scroller) scroller.scrollTop += 5_000;
        await new Promise(requestAnimationFrame);
      }
    }, STEPS);
    const each = ((await worked()) - before) / STEPS;
    // Some 26 ms, most of them the browser's own; all rows at a time would take more than a second.
    expectInTime(each, 100);

    await element.button('Cancel all').click();
    await expect
      .poll(() => element.page.locator('#uploads > [data-state=cancelled]').count())
      .toBeGreaterThan(5);
    await release();
  });

  it('draws a picture as itself, also on a page that allows no image from elsewhere', async () => {
    const pixel =
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const buffer = Buffer.from(pixel, 'base64');
    await element.page
      .locator('#files')
      .setInputFiles({ name: 'dot.png', mimeType: 'image/png', buffer });
    await element.row('dot.png').locator('canvas').waitFor();
  });

  it('shows by themselves those that were not uploaded, and clears the list', async () => {
    await element.add({ name: 'good.txt' });
    await element.inState('good.txt', 'complete');
    await element.refuse(400, { detail: 'No.' });
    await element.add({ name: 'bad.txt' });
    await element.inState('bad.txt', 'failed');
    await element.button('Not uploaded 1').click();
    await element.row('good.txt').waitFor({ state: 'detached' });
    await element.button('All 2').click();
    await element.row('good.txt').waitFor();
    await element.button('Clear finished').click();
    await element.row('bad.txt').waitFor({ state: 'detached' });
  });

  it('pauses all, and goes on with all', async () => {
    const release = await element.hold();
    await element.add(...['a', 'b', 'c', 'd', 'e'].map((name) => ({ name })));
    await element.button('Pause all').click();
    await expect.poll(() => element.page.locator('#uploads > [data-state=paused]').count()).toBe(5);
    await release();
    await element.button('Resume all').click();
    await expect
      .poll(() => element.page.locator('#uploads > [data-state=complete]').count())
      .toBe(5);
    await element.button('Clear finished').click();
    await expect.poll(() => element.page.locator('#uploads > li').count()).toBe(0);
  });

  it('cancels all, and takes all of that back', async () => {
    const release = await element.hold();
    await element.add(...['a', 'b', 'c', 'd', 'e'].map((name) => ({ name })));
    await element.button('Pause b').click();
    await element.stopTime();
    await element.button('Cancel all').click();
    const cancelled = element.page.locator('#uploads > [data-state=cancelled]');
    await expect.poll(() => cancelled.count()).toBe(5);
    await release();
    await element.button('Undo all').click();
    await expect
      .poll(() => element.page.locator('#uploads > [data-state=complete]').count())
      .toBe(5);
  });

  it('takes a cancel back', async () => {
    const release = await element.hold();
    await element.add({ name: 'dear.txt' });
    await element.stopTime();
    await element.button('Cancel dear.txt').click();
    await element.inState('dear.txt', 'cancelled');
    await release();
    await element.button('Undo dear.txt').click();
    await element.inState('dear.txt', 'complete');
  });

  it('says what an answer means, with the right button', async () => {
    const answers: readonly {
      status: number;
      body: object | string;
      says: RegExp;
      button?: string;
    }[] = [
      { status: 413, body: '', says: /too large for this server/ },
      { status: 410, body: { detail: 'Upload has expired' }, says: /may have expired/ },
      {
        status: 400,
        body: { detail: { file: ['Only pictures.'], owner_id: ['Nobody has this id.'] } },
        says: /^Only pictures\. owner_id: Nobody has this id\.$/,
      },
      {
        status: 403,
        body: { message: 'Members only', error: 'Forbidden', statusCode: 403 },
        says: /^Members only$/,
        button: 'Try again',
      },
      { status: 401, body: {}, says: /sign in again/, button: 'Try again' },
      { status: 200, body: {}, says: /did not answer as expected/, button: 'Try again' },
    ];
    for (const { status, body, says, button } of answers) {
      const name = `${status}.txt`;
      await element.refuse(status, body);
      await element.add({ name });
      await element.inState(name, 'failed');
      expect(await element.row(name).locator('.error').innerText()).toMatch(says);
      const labels = await element.row(name).getByRole('button').allInnerTexts();
      expect(labels.map((each) => each.trim()).filter((each) => each !== 'Remove')).toEqual(
        button === undefined ? [] : [button],
      );
      await element.page.unrouteAll();
      if (button === undefined) continue;
      await element.button(`Try again ${name}`).click();
      await element.inState(name, 'complete');
    }
  });

  it('counts down to the next try, and tries at once when asked or back online', async () => {
    // Later than a test may take: else it might have been tried before the button is pressed.
    await element.refuse(503, { detail: 'The database is away.' }, { 'Retry-After': '300' });
    await element.add({ name: 'a.txt' });
    await expect
      .poll(() => element.row('a.txt').innerText())
      .toMatch(/Next try in \d+ [^]*The database is away\./);
    await element.page.unrouteAll();
    await element.button('Try now a.txt').click();
    await element.inState('a.txt', 'complete');

    await element.page.context().setOffline(true);
    await element.page.getByText('You are offline.').waitFor();
    await element.add({ name: 'b.txt' });
    await element.inState('b.txt', 'retrying');
    await element.page.context().setOffline(false);
    await element.inState('b.txt', 'complete');
    await element.page.getByText('You are offline.').waitFor({ state: 'hidden' });
  });

  it('says so when another file is chosen for an unfinished one', async () => {
    await element.page.evaluate(() => {
      const upload = {
        endpoint: `${location.origin}/uploads/files`,
        scope: '',
        fileName: 'film.mp4',
      };
      const state = {
        size: 5_000,
        lastModified: 1,
        type: 'video/mp4',
        id: 'x',
        offset: 9,
        expiresAt: null,
      };
      localStorage.setItem('nestjs-chunked-upload:x', JSON.stringify({ ...upload, ...state }));
    });
    await element.page.reload();
    const other = await stage.file('other.mp4', Buffer.from('something else'));
    const [chooser] = await Promise.all([
      element.page.waitForEvent('filechooser'),
      element.button('Choose file film.mp4').click(),
    ]);
    await chooser.setFiles(other);
    await element.page.getByText('This is not the same file').waitFor();
    expect(await element.page.locator('#uploads > li').count()).toBe(0);
  });

  it('forgets that a file was to be chosen for an unfinished one where nobody did', async () => {
    await element.page.evaluate(() => {
      const upload = { endpoint: `${location.origin}/uploads/files`, scope: '', type: '' };
      const file = { fileName: 'film.mp4', size: 5_000, lastModified: 1 };
      const state = { id: 'x', offset: 9, expiresAt: null };
      const text = JSON.stringify({ ...upload, ...file, ...state });
      localStorage.setItem('nestjs-chunked-upload:x', text);
    });
    await element.page.reload();
    await Promise.all([
      element.page.waitForEvent('filechooser'),
      element.button('Choose file film.mp4').click(),
    ]);
    const folder = stage.path('Instead');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'other.txt'), 'other');
    const [chooser] = await Promise.all([
      element.page.waitForEvent('filechooser'),
      element.button('Choose a folder').click(),
    ]);
    await chooser.setFiles(folder);
    await element.inState('other.txt', 'complete');
  });

  it('goes on where the browser gives its requests up', async () => {
    let wanted: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (wanted = resolve));
    await element.page.route('**/uploads/**', async (route) => {
      if (route.request().method() === 'POST') return wanted();
      await route.continue();
    });
    await element.add({ name: 'a.txt' });
    await asked;
    await element.page.unroute('**/uploads/**');
    await element.page.evaluate(() => window.stop());
    await element.inState('a.txt', 'complete');
  });

  it('offers to go on with what was begun for the owner of this page, and for no other', async () => {
    await element.page.evaluate(() => {
      const upload = { endpoint: `${location.origin}/uploads/files`, scope: '', type: 'video/mp4' };
      const file = { fileName: 'film.mp4', size: 5_000, lastModified: 1 };
      const state = { id: 'x', offset: 9, expiresAt: null, owner: { type: 'person', id: '2' } };
      const text = JSON.stringify({ ...upload, ...file, ...state });
      localStorage.setItem('nestjs-chunked-upload:x', text);
    });
    await element.page.reload();
    const belongTo = (id: string | null): Promise<void> =>
      element.page.evaluate((owner) => {
        const panel = document.querySelector('chunked-upload') as HTMLElement & { fields: object };
        panel.fields = owner === null ? {} : { owner_type: 'person', owner_id: owner };
      }, id);
    const offer = element.button('Choose file film.mp4');
    await belongTo('2');
    await offer.waitFor();
    await belongTo('1');
    await offer.waitFor({ state: 'detached' });
    await belongTo('2');
    await offer.waitFor();
    await belongTo(null);
    await offer.waitFor({ state: 'detached' });
  });

  it('sends fields of all files, and those of each', async () => {
    await element.page.evaluate(() => {
      const panel = document.querySelector('chunked-upload')!;
      panel.fields = { title: 'All', year: 2026 };
      panel.fieldsFor = ({ name }) => ({ title: `About ${name}` });
    });
    // So ask React, Vue and Svelte what is a property.
    const make = (): boolean => 'fieldsFor' in document.createElement('chunked-upload');
    expect(await element.page.evaluate(make)).toBe(true);
    const told: string[] = [];
    element.page.on('request', (request) => {
      const { searchParams } = new URL(request.url());
      const { filename, title, year } = Object.fromEntries(searchParams);
      if (filename !== undefined) told.push(`${title} ${year}`);
    });
    await element.add({ name: 'a.txt' }, { name: 'b.txt' });
    for (const name of ['a.txt', 'b.txt']) await element.inState(name, 'complete');
    expect(told.toSorted()).toEqual(['About a.txt 2026', 'About b.txt 2026']);
  });

  it('loads the stored files again for headers that were changed in place, and set', async () => {
    const asked = (which: string): Promise<unknown> =>
      element.page.waitForRequest((request) => request.headers()['x-which'] === which);
    const first = asked('one');
    const headers = await element.page.evaluateHandle(() => {
      const given: Record<string, string> = { 'x-which': 'one' };
      document.querySelector('chunked-upload')!.headers = given;
      return given;
    });
    await first;
    const second = asked('two');
    await headers.evaluate((given) => {
      given['x-which'] = 'two';
      document.querySelector('chunked-upload')!.headers = given;
    });
    await second;
  });

  it('goes on while it is out of the page', async () => {
    const release = await element.hold();
    await element.add({ name: 'away.txt' });
    await element.inState('away.txt', 'sending');
    const completion = element.page.waitForResponse(
      (response) => response.request().method() === 'POST' && response.ok(),
    );
    const panel = await element.page.evaluateHandle(() => {
      const found = document.querySelector('chunked-upload')!;
      found.remove();
      return found;
    });
    await release();
    await completion;
    await element.page.evaluate((found) => document.body.append(found), panel);
    await element.inState('away.txt', 'complete');
  });

  describe('of a user', () => {
    it('shows what was stored before, and gives it back', async () => {
      await as('bob');
      await element.add({ name: 'kept.txt', size: 33 });
      await element.inState('kept.txt', 'complete');
      // It stands in one list only.
      expect(await element.stored('kept.txt').count()).toBe(0);

      await element.page.reload();
      await element.stored('kept.txt').waitFor();
      const [download] = await Promise.all([
        element.page.waitForEvent('download'),
        element.button('Download kept.txt').click(),
      ]);
      expect(download.suggestedFilename()).toBe('kept.txt');
      expect(await readFile(await download.path())).toHaveLength(33);
      await as('alice');
      await element.stored('kept.txt').waitFor({ state: 'detached' });
      await as('');
      expect(await element.page.locator('#stored > li').count()).toBe(0);
    });

    it('deletes a stored file, unless that is taken back', async () => {
      await as('bob');
      await element.add({ name: 'old.txt' });
      await element.inState('old.txt', 'complete');
      await element.page.reload();
      await element.stopTime();
      await element.button('Delete old.txt').click();
      await element.button('Undo old.txt').click();
      await element.button('Download old.txt').waitFor();

      await element.forGood(() => element.button('Delete old.txt').click());
      await element.stored('old.txt').waitFor({ state: 'detached' });
      const headers = { Authorization: `Basic ${btoa('bob:bob-pw')}` };
      const list = await (await fetch(`${stage.site.url}/uploads/files`, { headers })).json();
      expect(list).not.toContainEqual(expect.objectContaining({ filename: 'old.txt' }));
    });
  });

  describe('for everybody', () => {
    it('says once what matters', async () => {
      const said = await element.listen();
      await element.add({ name: 'a' }, { name: 'b' }, { name: 'c' });
      await expect.poll(said).toContainEqual(expect.stringContaining('All 3 files are uploaded'));
      await set('max-bytes', '10');
      await element.add({ name: 'd' }, { name: 'e' });
      await expect.poll(said).toContainEqual('2 files were not uploaded');
      const sentences = await said();
      expect(sentences.filter((each) => each.includes('are uploaded'))).toHaveLength(1);
      expect(sentences.length).toBeLessThanOrEqual(3);
    });

    it('speaks another language, from right to left, and goes on meanwhile', async () => {
      const release = await element.hold();
      await element.add({ name: 'a.txt', size: 300_000 });
      await element.page.evaluate(() => {
        document.documentElement.dir = 'rtl';
        const upload = document.querySelector('chunked-upload');
        if (!upload) return;
        upload.lang = 'de';
        upload.texts = { chooseFiles: 'Dateien auswählen', pause: 'Anhalten' };
      });
      await element.button('Dateien auswählen').waitFor();
      await element.button('Anhalten a.txt').waitFor();
      expect(await element.row('a.txt').innerText()).toContain('293,0 KiB');
      expect(await element.overflow()).toBeLessThanOrEqual(0);
      await release();
      await element.inState('a.txt', 'complete');
    });

    it('fits 320 to 2,000 pixels', async () => {
      await element.refuse(400, { detail: `No: ${'long'.repeat(60)}` });
      await element.add({ name: `${'a very long name '.repeat(12)}.tar.gz` }, { name: 'b' });
      await expect
        .poll(() => element.page.locator('#uploads > [data-state=failed]').count())
        .toBe(2);
      // Also nothing of a row lies outside of it.
      const outside = (): Promise<number> =>
        element.page.evaluate(() => {
          const row = document
            .querySelector('chunked-upload')
            ?.shadowRoot?.querySelector('#uploads > li');
          const edge = row?.getBoundingClientRect().right ?? 0;
          return [...(row?.querySelectorAll('button, p') ?? [])].filter(
            (each) => each.getBoundingClientRect().right > edge + 1,
          ).length;
        });
      for (const width of [320, 390, 700, 1400, 2000]) {
        await resize(element.page, width, 800);
        // Rows are measured, and laid out again, after the frame in which they are drawn.
        const at = { message: `at ${width}` };
        await expect.poll(() => element.overflow(), at).toBeLessThanOrEqual(0);
        await expect.poll(outside, at).toBe(0);
      }
    });

    it('takes the colours of the page, and of its theme', async () => {
      const ground = (): Promise<string> =>
        element.page.locator('.drop').evaluate((drop) => getComputedStyle(drop).backgroundColor);
      const light = await ground();
      await wear(element.page, { colorScheme: 'dark' });
      // It goes over from one to the other.
      await expect.poll(ground).not.toBe(light);
      await wear(element.page, { colorScheme: 'light' });
      await expect.poll(ground).toBe(light);
      await element.page.evaluate(() => {
        document
          .querySelector('chunked-upload')
          ?.style.setProperty('--chunked-upload-surface', 'rgb(1, 2, 3)');
      });
      await expect.poll(ground).toBe('rgb(1, 2, 3)');
    });

    it('moves nothing where that is not wanted', async () => {
      await element.drag('dragover');
      await element.page.locator('.overlay').getByText('Drop to upload').waitFor();
      /** What moves, or would if it changed. A page does not tell of what moves within an element. */
      const moving = (): Promise<number> =>
        element.page.evaluate(() => {
          const all = document.querySelector('chunked-upload')?.shadowRoot?.querySelectorAll('*');
          return [...(all ?? [])].filter((each) => {
            const { animationName, transitionDuration } = getComputedStyle(each);
            return animationName !== 'none' || transitionDuration !== '0s';
          }).length;
        });
      expect(await moving()).toBeGreaterThan(0);
      await wear(element.page, { reducedMotion: 'reduce' });
      expect(await moving()).toBe(0);
    });
  });
});
