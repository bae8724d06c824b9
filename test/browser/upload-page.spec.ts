import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Locator, type Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { browserTitle, hasBrowser } from './browser.js';
import { ElementPage } from './element-page.js';
import { useStage } from './stage.js';

const MIB = 1024 * 1024;
/** More than the client sends in one chunk. */
const SIZE = 12 * MIB;

describe.skipIf(!hasBrowser)(browserTitle('the upload page'), () => {
  const stage = useStage();
  const content = randomBytes(SIZE);
  let film: string;

  beforeEach(async () => {
    film = await stage.file('film.mp4', content);
    await stage.page.goto(stage.network.url);
  });
  afterEach(() => expect(stage.complaints).toEqual([]));

  const choose = (...paths: string[]): Promise<void> => stage.page.setInputFiles('#files', paths);
  const row = (name: string): Locator => stage.page.locator('#uploads > li', { hasText: name });
  const inState = (name: string, state: string): Promise<void> =>
    row(name)
      .and(stage.page.locator(`[data-state=${state}]`))
      .waitFor();
  const press = (label: string, name: string): Promise<void> =>
    stage.page.getByRole('button', { name: `${label} ${name}` }).click();
  const barOf = (name: string): Promise<number> =>
    row(name)
      .locator('progress')
      .evaluate((bar: HTMLProgressElement) => bar.value);

  const expectDownload = async (name: string, expected: Buffer): Promise<void> => {
    const [download] = await Promise.all([
      stage.page.waitForEvent('download'),
      row(name).getByText('Download').click(),
    ]);
    expect(download.suggestedFilename()).toBe(name);
    expect(sha256(await readFile(await download.path()))).toBe(sha256(expected));
  };

  // There a request with a file's own bytes never ends.
  it('reads a file itself where Safari would have to', async () => {
    await stage.page.addInitScript(() => {
      const safari = 'AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15';
      Object.defineProperty(navigator, 'userAgent', { value: safari });
      const bodies = new Set<string>();
      globalThis.XMLHttpRequest = class extends XMLHttpRequest {
        override send(body?: XMLHttpRequestBodyInit | null): void {
          bodies.add(Object.prototype.toString.call(body));
          super.send(body);
        }
      };
      Object.assign(globalThis, { bodies });
    });
    await stage.page.goto(stage.network.url);
    await choose(film);
    await inState('film.mp4', 'complete');
    const sent = await stage.page.evaluate('[...bodies].join()');
    expect(sent).toContain('ArrayBuffer');
    expect(sent).not.toContain('Blob');
    await expectDownload('film.mp4', content);
  });

  it('sends a dropped file, pauses, goes on and offers it for download', async () => {
    const held = stage.network.after(6 * MIB, 'hold');
    await drop(stage.page, film);
    await held;
    await expect.poll(() => barOf('film.mp4')).toBeGreaterThan(2 * MIB);

    await press('Pause', 'film.mp4');
    await inState('film.mp4', 'paused');
    stage.network.release();

    await press('Resume', 'film.mp4');
    await inState('film.mp4', 'complete');
    await expectDownload('film.mp4', content);
  });

  it('sends several files, at most three at once', async () => {
    const names = ['one.txt', 'two.txt', 'three.txt', 'four.txt'];
    const paths = names.map((name) => stage.file(name, Buffer.from(name.repeat(100_000))));
    const held = stage.network.after(100_000, 'hold');

    await choose(...(await Promise.all(paths)));
    await held;
    expect(await stage.page.locator('[data-state=sending]').count()).toBe(3);
    expect(await stage.page.locator('[data-state=waiting]').count()).toBe(1);

    stage.network.release();
    for (const name of names) await inState(name, 'complete');
    await expectDownload('four.txt', Buffer.from('four.txt'.repeat(100_000)));
  });

  it('goes on in a later visit when the same file is chosen again', async () => {
    const held = stage.network.after(10 * MIB, 'hold');
    await choose(film);
    await held;
    await expect.poll(() => barOf('film.mp4')).toBeGreaterThan(7 * MIB);
    await stage.leavePage();
    await stage.page.goto(stage.network.url);

    const unfinished = stage.page.locator('#unfinished-list > li');
    await expect.poll(() => unfinished.innerText()).toMatch(/film\.mp4[^]*\d% of 12\.0 MiB sent/);
    const begun = stage.page.waitForRequest((request) => request.method() === 'PUT');
    const [chooser] = await Promise.all([
      stage.page.waitForEvent('filechooser'),
      stage.page.getByRole('button', { name: 'Choose file film.mp4' }).click(),
    ]);
    await chooser.setFiles(film);

    // The first request does not begin at the first byte.
    expect((await begun.then((request) => request.allHeaders()))['content-range']).not.toMatch(
      /^bytes 0-/,
    );
    await inState('film.mp4', 'complete');
    expect(await unfinished.count()).toBe(0);
    await expectDownload('film.mp4', content);
  });

  it('goes on after a cut connection', async () => {
    const cut = stage.network.after(10 * MIB, 'cut');
    await choose(film);
    await cut;
    await inState('film.mp4', 'complete');
    await expectDownload('film.mp4', content);
  });

  it('goes on after the server was killed and started again', async () => {
    const held = stage.network.after(10 * MIB, 'hold');
    await choose(film);
    await held;
    await stage.site.server.kill();
    await inState('film.mp4', 'retrying');
    stage.network.release();
    await stage.site.server.launch();

    await inState('film.mp4', 'complete');
    await expectDownload('film.mp4', content);
  });

  it('hands a file of a user to that user', async () => {
    const path = await stage.file('secret of alice.txt', Buffer.from('nobody else reads this'));
    await stage.page.getByLabel('as', { exact: true }).selectOption('alice');

    await choose(path);
    await inState('secret of alice.txt', 'complete');
    await expectDownload('secret of alice.txt', Buffer.from('nobody else reads this'));
  });

  it('attaches a file to a person', async () => {
    const path = await stage.file('portrait.txt', Buffer.from('Grace, 1952'));
    await stage.page.getByLabel('for', { exact: true }).selectOption('Grace');

    await choose(path);
    await inState('portrait.txt', 'complete');
    const { uploads } = (await (await fetch(`${stage.site.url}/people/2`)).json()) as {
      uploads: { filename: string; owner_id: string }[];
    };
    expect(uploads).toMatchObject([{ filename: 'portrait.txt', owner_id: '2' }]);
  });

  it('says in the words of the server why a file is refused', async () => {
    const path = await stage.file('long.txt', Buffer.from('x'.repeat(1001)));
    await stage.page.getByLabel('Upload to').selectOption('/uploads/notes');

    await choose(path);
    await inState('long.txt', 'failed');
    const { detail } = await refusal(stage.site.url, '/uploads/notes', 'long.txt', 1001);
    expect(await row('long.txt').locator('.error').innerText()).toContain(detail);
  });

  it('removes what is cancelled from the page and from the server', async () => {
    await stage.page.getByLabel('as', { exact: true }).selectOption('bob');
    const held = stage.network.after(6 * MIB, 'hold');
    await choose(film);
    await held;
    await press('Pause', 'film.mp4');
    stage.network.release();

    await new ElementPage(stage.page).forGood(() => press('Cancel', 'film.mp4'));
    await row('film.mp4').waitFor({ state: 'detached' });
    const headers = { Authorization: `Basic ${btoa('bob:bob-pw')}` };
    const list = await fetch(`${stage.site.url}/uploads/files`, { headers });
    expect(await list.json()).toEqual([]);
  });

  it.each(['arrives', 'gets lost'])(
    'keeps what is complete when it is cancelled too late, and the answer %s',
    async (answer) => {
      const path = await stage.file(`${answer}.txt`, Buffer.from('too late'));
      let met = false;
      await stage.page.route('**/uploads/files/*', async (route) => {
        if (met || route.request().method() !== 'POST') return route.continue();
        met = true;
        const response = await route.fetch();
        await press('Cancel', `${answer}.txt`);
        return answer === 'arrives' ? route.fulfill({ response }) : route.abort();
      });

      await choose(path);
      await inState(`${answer}.txt`, 'complete');
      await expectDownload(`${answer}.txt`, Buffer.from('too late'));
      await press('Hide', `${answer}.txt`);
      await row(`${answer}.txt`).waitFor({ state: 'detached' });
    },
  );

  it('can be used by keyboard alone', async () => {
    await choose(await stage.file('notes.txt', Buffer.from('notes')));
    await inState('notes.txt', 'complete');
    await stage.page.getByLabel('Upload to').focus();
    const reached: string[] = [];
    for (let step = 0; step < 6; step += 1) {
      await stage.page.keyboard.press('Tab');
      reached.push(
        await stage.page.evaluate(() => {
          const { activeElement: outer } = document;
          const active = outer?.shadowRoot?.activeElement ?? outer;
          return active?.id || active?.ariaLabel || (active?.textContent ?? '');
        }),
      );
    }
    const ofRow = ['Download notes.txt', 'Hide notes.txt'];
    expect(reached).toEqual(['user', 'owner', 'Choose files', 'Choose a folder', ...ofRow]);
  });
});

/** Drops a file on the page as a user does; only a page itself can make the event for it. */
async function drop(page: Page, path: string): Promise<void> {
  const input = await page.evaluateHandle(() => {
    const made = document.createElement('input');
    made.type = 'file';
    return made;
  });
  await input.setInputFiles(path);
  await input.evaluate(({ files }) => {
    const dataTransfer = new DataTransfer();
    for (const file of files ?? []) dataTransfer.items.add(file);
    document.body.dispatchEvent(
      new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }),
    );
  });
}

/** What the server says about a first chunk of this size. */
async function refusal(
  url: string,
  path: string,
  filename: string,
  size: number,
): Promise<{ detail: string }> {
  const response = await fetch(`${url}${path}?filename=${filename}`, {
    method: 'PUT',
    headers: {
      'Content-Range': `bytes 0-${size - 1}/${size}`,
      'Content-Type': 'application/octet-stream',
    },
    body: 'x'.repeat(size),
  });
  return (await response.json()) as { detail: string };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
