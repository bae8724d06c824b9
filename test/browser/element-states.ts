import { writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { ElementPage } from './element-page.js';
import type { Stage } from './stage.js';

const MIB = 1024 * 1024;

/** What `<chunked-upload>` can show, in the demo's page. */
export interface ElementState {
  readonly name: string;
  /** Brings the page into it. */
  readonly enter: (element: ElementPage, stage: Stage) => Promise<void>;
  /** Looks like another one to axe: only pictures of it are taken. */
  readonly onlyPictures?: boolean;
  /** What is told apart by colour, also where the system chooses the colours. */
  readonly inForcedColours?: (element: ElementPage) => Promise<void>;
  /** In a language from right to left, too. */
  readonly mirrored?: boolean;
}

interface Answer {
  readonly status: number;
  readonly body: object | string;
}

/** Of a server or a proxy, by the file that is refused. */
const REFUSALS: Readonly<Record<string, Answer>> = {
  'too large for it.iso': { status: 413, body: '' },
  'expired.txt': { status: 410, body: { detail: 'Upload has expired' } },
  'members.txt': { status: 403, body: { message: 'Members only', statusCode: 403 } },
  'sign in.txt': { status: 401, body: {} },
  'owner.txt': { status: 400, body: { detail: { owner_id: ['Nobody has this id.'] } } },
  'odd.txt': { status: 200, body: {} },
};

const complete = (element: ElementPage): Promise<void> => element.inState('a.txt', 'complete');

const signIn = (element: ElementPage): Promise<unknown> =>
  element.page.getByLabel('as', { exact: true }).selectOption('alice');

const under = (element: ElementPage, selector: string, property: string): Promise<string[]> =>
  element.page
    .locator(selector)
    .evaluateAll(
      (all, name) => all.map((each) => getComputedStyle(each).getPropertyValue(name)),
      property,
    );

/** So many files, the first of which are under way. */
async function addMany(element: ElementPage, count: number): Promise<void> {
  await element.hold();
  await element.add(...Array.from({ length: count }, (_, n) => ({ name: `IMG_${n}.jpg` })));
  await element.row('IMG_5.jpg').first().waitFor();
}

/** One done, one of each way to fail. */
async function failEachWay(element: ElementPage, stage: Stage): Promise<void> {
  const { page } = element;
  await element.add({ name: 'a.txt' });
  await complete(element);
  // All of them can be seen at once.
  await page.evaluate(() => {
    const panel = document.querySelector('chunked-upload');
    panel?.setAttribute('max-bytes', '1M');
    panel?.style.setProperty('--chunked-upload-list-height', 'none');
  });
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/uploads/**', async (route) => {
    const refusal = REFUSALS[new URL(route.request().url()).searchParams.get('filename') ?? ''];
    if (!refusal) return route.continue();
    await released;
    const body = typeof refusal.body === 'string' ? refusal.body : JSON.stringify(refusal.body);
    return route.fulfill({ status: refusal.status, contentType: 'application/json', body });
  });
  const names = Object.keys(REFUSALS);
  await element.add(...names.map((name) => ({ name })));
  // It waits for its turn, and is read only then.
  const changed = await stage.file('changed.txt', Buffer.from('as it was chosen'));
  await page.setInputFiles('#files', changed);
  await element.inState('changed.txt', 'waiting');
  await writeFile(changed, 'as it is when it is read');
  await element.add({ name: 'a.txt' }, { name: 'larger than allowed.bin', size: 1.5 * MIB });
  release();
  const failed = page.locator('#uploads > [data-state=failed]');
  await expect.poll(() => failed.count()).toBe(names.length + 3);
  await element.row('changed.txt').getByText('It may have been changed').waitFor();
}

export const STATES: readonly ElementState[] = [
  { name: 'empty', enter: async () => undefined },
  {
    name: 'files over the page',
    enter: async (element) => {
      await element.drag('dragover');
      await element.page.locator('.overlay').getByText('Drop to upload').waitFor();
    },
  },
  {
    name: 'three files, one under way',
    enter: async (element, stage) => {
      const done = await Promise.all([
        stage.file('Holiday in the mountains.png', await element.page.screenshot()),
        stage.file(`Quarterly report ${'with a long name '.repeat(7)}3.pdf`, Buffer.alloc(300_000)),
      ]);
      await element.page.setInputFiles('#files', done);
      await element.inState('Holiday', 'complete');
      await element.inState('Quarterly', 'complete');
      const film = await stage.file('film.mp4', Buffer.alloc(24 * MIB));
      const held = stage.network.after(10 * MIB, 'hold');
      await element.page.setInputFiles('#files', film);
      await held;
      await element.inState('film.mp4', 'sending');
    },
    inForcedColours: async (element) => {
      const [color] = await under(element, '#uploads progress', 'color');
      const [ground] = await under(element, '#uploads progress', 'background-color');
      expect(color).not.toBe(ground);
      expect(await under(element, '#uploads progress', 'border-top-style')).toContain('solid');
    },
  },
  {
    name: 'files under way, one paused, one cancelled',
    enter: async (element) => {
      await element.hold();
      await element.add(...['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, type: 'image/png' })));
      await element.button('Pause a').click();
      await element.button('Cancel b').click();
      await element.inState('b', 'cancelled');
    },
  },
  {
    name: 'all done',
    enter: async (element) => {
      await element.add({ name: 'a.txt' }, { name: 'b.txt' });
      await complete(element);
      await element.inState('b.txt', 'complete');
    },
  },
  {
    name: 'one done, others not for each reason',
    enter: failEachWay,
    inForcedColours: async (element) => {
      // Which of two chips is pressed, and whether a file has arrived.
      const [one, other] = await under(element, '.chip', 'border-top-width');
      expect(one).not.toBe(other);
      const [color] = await under(element, '[data-state=failed] .mark', 'color');
      const [ground] = await under(element, '[data-state=failed] .mark', 'background-color');
      expect(color).not.toBe(ground);
    },
    mirrored: true,
  },
  {
    name: 'no connection',
    enter: async (element) => {
      await element.page.context().setOffline(true);
      await element.add({ name: 'a.txt' });
      await element.inState('a.txt', 'retrying');
    },
  },
  {
    name: 'a server that is away',
    enter: async (element) => {
      await element.refuse(503, { detail: 'The database is away.' });
      await element.add({ name: 'a.txt' }, { name: 'b.txt' });
      await element.inState('a.txt', 'retrying');
      await element.inState('b.txt', 'retrying');
    },
    onlyPictures: true,
  },
  { name: '300 files', enter: (element) => addMany(element, 300) },
  { name: '10000 files', enter: (element) => addMany(element, 10_000), onlyPictures: true },
  {
    name: 'stored files, one being deleted',
    enter: async (element) => {
      await signIn(element);
      await element.add({ name: 'a.txt' }, { name: 'b.txt' });
      await complete(element);
      await element.inState('b.txt', 'complete');
      await element.button('Clear finished').click();
      await element.button('Delete a.txt').first().click();
      await element.page.locator('#stored > [data-state=cancelled]').first().waitFor();
    },
  },
  {
    name: 'unfinished files of an earlier visit, another file chosen',
    enter: async (element, stage) => {
      const { page } = element;
      await page.evaluate(() => {
        const endpoint = `${location.origin}/uploads/files`;
        for (const fileName of ['a.mp4', 'An interview.mov']) {
          const file = { fileName, size: 5_000, lastModified: 1, type: 'video/mp4' };
          const state = { endpoint, scope: '', id: fileName, offset: 900, expiresAt: null };
          const text = JSON.stringify({ ...file, ...state });
          localStorage.setItem(`nestjs-chunked-upload:${fileName}`, text);
        }
      });
      await page.reload();
      const [chooser] = await Promise.all([
        page.waitForEvent('filechooser'),
        element.button('Choose file a.mp4').click(),
      ]);
      await chooser.setFiles(await stage.file('other.mp4', Buffer.from('something else')));
      await page.getByText('This is not the same file').waitFor();
    },
  },
];
