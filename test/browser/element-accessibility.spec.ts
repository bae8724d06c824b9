import { beforeEach, describe, expect, it } from 'vitest';
import { browserTitle, hasBrowser } from './browser.js';
import { ElementPage } from './element-page.js';
import { useStage } from './stage.js';

const SCHEMES = ['light', 'dark'] as const;

interface State {
  readonly title: string;
  /** Brings the page into it. */
  readonly enter: (element: ElementPage) => Promise<void>;
}

const complete = (element: ElementPage): Promise<void> => element.inState('a.txt', 'complete');

const STATES: readonly State[] = [
  { title: 'nothing', enter: async () => undefined },
  {
    title: 'files over the page',
    enter: async (element) => {
      await element.drag('dragover');
      await element.page.locator('.overlay').getByText('Drop to upload').waitFor();
    },
  },
  {
    title: 'files under way, one paused, one cancelled',
    enter: async (element) => {
      await element.hold();
      await element.add(...['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, type: 'image/png' })));
      await element.button('Pause a').click();
      await element.button('Cancel b').click();
      await element.inState('b', 'cancelled');
    },
  },
  {
    title: 'all done',
    enter: async (element) => {
      await element.add({ name: 'a.txt' }, { name: 'b.txt' });
      await complete(element);
      await element.inState('b.txt', 'complete');
    },
  },
  {
    title: 'some done, others refused',
    enter: async (element) => {
      await element.add({ name: 'a.txt' });
      await complete(element);
      await element.refuse(403, { message: 'Members only' });
      await element.add({ name: 'b.txt' }, { name: 'c.txt' });
      await element.inState('b.txt', 'failed');
      await element.inState('c.txt', 'failed');
    },
  },
  {
    title: 'no connection',
    enter: async (element) => {
      await element.page.context().setOffline(true);
      await element.add({ name: 'a.txt' });
      await element.inState('a.txt', 'retrying');
    },
  },
  {
    title: 'a thousand files',
    enter: async (element) => {
      await element.hold();
      await element.add(...Array.from({ length: 1_000 }, (_, index) => ({ name: `${index}.jpg` })));
      await element.row('5.jpg').first().waitFor();
    },
  },
  {
    title: 'stored files, one being deleted',
    enter: async (element) => {
      await element.page.getByLabel('as', { exact: true }).selectOption('alice');
      await element.add({ name: 'a.txt' }, { name: 'b.txt' });
      await complete(element);
      await element.inState('b.txt', 'complete');
      await element.button('Clear finished').click();
      await element.button('Delete a.txt').first().click();
      await element.page.locator('#stored > [data-state=cancelled]').first().waitFor();
    },
  },
  {
    title: 'unfinished files of an earlier visit',
    enter: async (element) => {
      await element.page.evaluate(() => {
        const upload = {
          endpoint: `${location.origin}/uploads/files`,
          scope: '',
          fileName: 'a.mp4',
        };
        const state = {
          size: 5_000,
          lastModified: 1,
          type: '',
          id: 'x',
          offset: 9,
          expiresAt: null,
        };
        localStorage.setItem('nestjs-chunked-upload:x', JSON.stringify({ ...upload, ...state }));
      });
      await element.page.reload();
      await element.button('Choose file a.mp4').waitFor();
    },
  },
];

describe.skipIf(!hasBrowser)(
  browserTitle('axe-core finds nothing wrong with the upload page'),
  { timeout: 120_000 },
  () => {
    const stage = useStage();
    let element: ElementPage;

    beforeEach(async () => {
      element = new ElementPage(stage.page);
      await element.open(stage.site.url);
    });

    it.each(STATES)('with $title', async ({ enter }) => {
      // Colours that are on their way from one to the other are of neither.
      await element.page.emulateMedia({ reducedMotion: 'reduce' });
      await enter(element);
      for (const colorScheme of SCHEMES) {
        await element.page.emulateMedia({ colorScheme });
        expect(await element.findings(), colorScheme).toEqual([]);
      }
    });
  },
);
