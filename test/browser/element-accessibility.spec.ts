import { beforeEach, describe, expect, it } from 'vitest';
import { browserTitle, hasBrowser } from './browser.js';
import { ElementPage } from './element-page.js';
import { STATES } from './element-states.js';
import { SHOTS, look, lookAt, wear } from './looks.js';
import { useStage } from './stage.js';

/** Arabic, of which some words stay English. */
async function mirror({ page }: ElementPage): Promise<void> {
  await page.evaluate(() => {
    document.documentElement.dir = 'rtl';
    const panel = document.querySelector('chunked-upload')!;
    panel.lang = 'ar';
    panel.texts = {
      chooseFiles: 'اختر الملفات',
      retry: 'حاول مرة أخرى',
      showFailed: 'لم تُرفع',
      someFailed: { one: 'لم يُرفع ملف واحد', other: 'لم تُرفع {count} ملفات' },
    };
  });
  await page.getByRole('button', { name: 'اختر الملفات' }).waitFor();
}

describe.skipIf(!hasBrowser)(
  browserTitle('axe-core finds nothing wrong with the upload page'),
  () => {
    const stage = useStage();
    let element: ElementPage;

    beforeEach(async () => {
      element = new ElementPage(stage.page);
      // Colours that are on their way from one to the other are of neither.
      await wear(element.page, { reducedMotion: 'reduce' });
      await element.open(stage.network.url);
    });

    it.each(STATES.filter(({ onlyPictures = false }) => SHOTS || !onlyPictures))(
      '$name',
      async ({ name, enter, inForcedColours, mirrored }) => {
        const { page } = element;
        const state = `element/${name}`;
        await enter(element, stage);
        await look(page, state);
        if (inForcedColours) {
          await wear(page, { forcedColors: 'active' });
          await inForcedColours(element);
          await lookAt(page, `${state}-forced`);
          await wear(page, { forcedColors: 'none' });
        }
        if (mirrored) {
          await mirror(element);
          // In its own direction, a name still begins where the line below it does.
          const indent = await element.row('expired.txt').evaluate((row) => {
            const edge = (selector: string) =>
              row.querySelector(selector)?.getBoundingClientRect().right ?? 0;
            return edge('.name') - edge('.name bdi > :last-child');
          });
          expect(Math.abs(indent)).toBeLessThan(2);
          await lookAt(page, `${state}-rtl`);
        }
        stage.network.release();
      },
    );
  },
);
