import { beforeEach, describe, expect, it } from 'vitest';
import type { QueueSnapshot, UploadQueue } from '../../src/client/index.js';
import { browserTitle, hasBrowser } from './browser.js';
import { useStage } from './stage.js';

/** What the tests put into the page. */
interface QueuePage {
  queue: UploadQueue;
  wentBack: boolean;
}

type Counts = QueueSnapshot['counts'];

describe.skipIf(!hasBrowser)(browserTitle('the queue in a page'), { timeout: 120_000 }, () => {
  const stage = useStage();

  beforeEach(async () => {
    await stage.page.goto(stage.network.url);
    // As text: vitest would make a call of its own of the import.
    await stage.page.evaluate(`(async () => {
      const { UploadQueue } = await import('/assets/client/index.js');
      const queue = new UploadQueue({ endpoint: '/uploads/files', atOnce: 5 });
      const own = { queue, wentBack: false };
      let most = 0;
      queue.subscribe(() => {
        const { sent } = queue.getSnapshot();
        own.wentBack ||= sent < most;
        most = sent;
      });
      globalThis.own = own;
    })()`);
  });

  const add = (count: number, size: number): Promise<void> =>
    stage.page.evaluate(
      ([files = 0, bytes = 0]) => {
        const { own } = globalThis as unknown as { own: QueuePage };
        const make = (_: unknown, index: number): File =>
          new File([`${index}`.padEnd(bytes, 'x')], `${Math.random()}.txt`);
        own.queue.add(Array.from({ length: files }, make));
      },
      [count, size],
    );
  const counts = (): Promise<Counts> =>
    stage.page.evaluate(() => {
      const { own } = globalThis as unknown as { own: QueuePage };
      return own.queue.getSnapshot().counts;
    });
  const wentBack = (): Promise<boolean> =>
    stage.page.evaluate(() => (globalThis as unknown as { own: QueuePage }).own.wentBack);
  const complete = async (count: number): Promise<void> => {
    await expect
      .poll(async () => (await counts()).complete, { timeout: 60_000, interval: 100 })
      .toBe(count);
    expect(await wentBack()).toBe(false);
  };

  it('sends more files than a page may have instances of WebAssembly', async () => {
    await add(300, 10);
    await complete(300);
  });

  it('goes on after a cut connection', async () => {
    void stage.network.after(5_000_000, 'cut');
    await add(3, 4_000_000);
    await complete(3);
  });

  it('goes on at once when the network is back', async () => {
    const held = stage.network.after(3_000_000, 'hold');
    await add(3, 4_000_000);
    await held;
    await stage.page.context().setOffline(true);
    stage.network.cut();
    stage.network.release();
    await expect
      .poll(async () => (await counts()).retrying, { timeout: 60_000, interval: 100 })
      .toBe(3);
    await stage.page.context().setOffline(false);
    await complete(3);
  });
});
