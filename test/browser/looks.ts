import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** `SHOTS=folder` keeps pictures of each state in place of what axe-core thinks of it. */
export const SHOTS = process.env['SHOTS'];

/** axe takes longer than everything else here, and colours do not depend on the width. */
const EXAMINED = ['320 light', '1400 dark'];
const EVERY_LOOK = process.env['LONG'] === '1';

/**
 * A state of a page, narrow and wide, light and dark: nothing sticks out, and axe finds nothing wrong. With
 * LONG=1 it examines each scheme at each width.
 *
 * @param state names its pictures
 */
export async function look(page: Page, state: string): Promise<void> {
  for (const width of [320, 390, 1400]) {
    await resize(page, width, 900);
    for (const colorScheme of ['light', 'dark'] as const) {
      await wear(page, { colorScheme, reducedMotion: 'reduce' });
      const isExamined = EVERY_LOOK || EXAMINED.includes(`${width} ${colorScheme}`);
      await lookAt(page, `${state}-${width}-${colorScheme}`, isExamined);
    }
  }
}

/** How the user's system wants pages to look. A page takes it some frames later: this waits for that. */
export async function wear(
  page: Page,
  media: NonNullable<Parameters<Page['emulateMedia']>[0]>,
): Promise<void> {
  await page.emulateMedia(media);
  const { colorScheme, forcedColors, reducedMotion } = media;
  const features = Object.entries({
    'prefers-color-scheme': colorScheme,
    'forced-colors': forcedColors,
    'prefers-reduced-motion': reducedMotion,
  });
  const wanted = features
    .filter(([, value]) => value)
    .map(([name, value]) => `(${name}: ${value})`);
  const isWorn = (query: string): Promise<boolean> =>
    new Promise((resolve) => requestAnimationFrame(() => resolve(matchMedia(query).matches)));
  await expect.poll(() => page.evaluate(isWorn, wanted.join(' and '))).toBe(true);
}

/** Makes the window as large as this, and waits for the page to be so. */
export async function resize(page: Page, width: number, height: number): Promise<void> {
  await page.setViewportSize({ width, height });
  const size = (): number[] => [innerWidth, innerHeight];
  await expect.poll(() => page.evaluate(size)).toEqual([width, height]);
}

/** The same of the page as it is. */
export async function lookAt(page: Page, title: string, isExamined = true): Promise<void> {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow, title).toBeLessThanOrEqual(0);
  if (SHOTS) {
    // What lies below a dialog cannot be seen.
    const fullPage = (await page.locator('dialog[open]').count()) === 0;
    await page.screenshot({ path: `${SHOTS}/${title}.png`, fullPage });
  } else if (isExamined) {
    expect(await findings(page), title).toEqual([]);
  }
}

/** What axe-core finds wrong, each as a line. */
async function findings(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) {
    // A strict page takes no script from a test, but its debugger may evaluate one.
    const debug = await page.context().newCDPSession(page);
    await debug.send('Runtime.evaluate', { expression: await readFile(AXE, 'utf8') });
    await debug.detach();
  }
  const { violations } = await page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(options: RunOptions): Promise<AxeResults> };
    };
    return axe.run({ iframes: false, resultTypes: ['violations'] });
  });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ failureSummary, html, target }) =>
        `${id}: ${String(target)} ${html} ${failureSummary ?? ''}`,
    ),
  );
}
