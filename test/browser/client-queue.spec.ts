import { describe, expect, it } from 'vitest';
import type { UploadQueueOptions, QueueSnapshot, UploadQueue } from '../../src/client/index.js';
import { browserTitle, hasBrowser } from './browser.js';
import { useStage } from './stage.js';
import { expectInTime } from '../support/in-time.js';

/** What the tests put into the page. */
interface QueuePage {
  queue: UploadQueue;
  wentBack: boolean;
}

type Counts = QueueSnapshot['counts'];

describe.skipIf(!hasBrowser)(browserTitle('the queue in a page'), () => {
  const stage = useStage();

  const open = async (options: Partial<UploadQueueOptions> = {}): Promise<void> => {
    await stage.page.goto(stage.network.url);
    // As text: vitest would make a call of its own of the import.
    await stage.page.evaluate(`(async () => {
      const { UploadQueue } = await import('/assets/client/index.js');
      const options = ${JSON.stringify(options)};
      const queue = new UploadQueue({ endpoint: '/uploads/files', atOnce: 5, ...options });
      const own = { queue, wentBack: false };
      let most = 0;
      queue.subscribe(() => {
        const { sent } = queue.getSnapshot();
        own.wentBack ||= sent < most;
        most = sent;
      });
      globalThis.own = own;
    })()`);
  };

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
  const complete = async (count: number, patient = {}): Promise<void> => {
    await expect.poll(async () => (await counts()).complete, patient).toBe(count);
    expect(await wentBack()).toBe(false);
  };

  // A page may have 125 instances of WebAssembly.
  const many = process.env['LONG'] === '1' ? 10_000 : 300;
  const long = { timeout: 10 * 60_000 + many * 100 };

  it('sends as many files as people choose: memory stays, and the page answers', long, async () => {
    const debug = await stage.page.context().newCDPSession(stage.page);
    const heap = async (): Promise<number> => {
      await debug.send('HeapProfiler.collectGarbage');
      return (await debug.send('Runtime.getHeapUsage')).usedSize;
    };
    await open();
    await add(20, 10);
    await complete(20);
    const before = await heap();
    await stage.page.evaluate((files) => {
      const make = (_: unknown, index: number): File => new File([`${index}`], `${index}.txt`);
      // A browser takes longer to make them than the queue to take them.
      const made = Array.from({ length: files }, make);
      const watch = { longest: 0, stop: false };
      // How late a timer comes that should come at once: that long, nobody could have clicked.
      const tick = (): void => {
        const begun = performance.now();
        setTimeout(() => {
          watch.longest = Math.max(watch.longest, performance.now() - begun);
          if (!watch.stop) tick();
        });
      };
      tick();
      const { own } = globalThis as unknown as { own: QueuePage };
      own.queue.add(made);
      Object.assign(globalThis, { watch });
    }, many);
    await complete(many + 20, long);
    const longest = await stage.page.evaluate(() => {
      const { watch } = globalThis as unknown as { watch: { longest: number; stop: boolean } };
      watch.stop = true;
      return watch.longest;
    });
    const after = await heap();
    // An item with its name, its `File` and the server's answer, which a page needs to show it, take less
    // than 1,000 bytes (668 each of 10,000). A hasher or a request that was kept would be 64 KiB and more.
    expect((after - before) / many).toBeLessThan(4_000);
    // Some 200 ms at 1,000 files and at 10,000; a busy machine takes longer.
    expectInTime(longest, 2_000);
  });

  it('goes on after a cut connection', async () => {
    await open();
    void stage.network.after(5_000_000, 'cut');
    await add(3, 4_000_000);
    await complete(3);
  });

  it.each([
    {
      when: 'the network is back',
      leave: async () => {
        await stage.page.context().setOffline(true);
        stage.network.cut();
        stage.network.release();
      },
      comeBack: () => stage.page.context().setOffline(false),
    },
    {
      when: 'the server is back and somebody looks at the page again',
      leave: async () => stage.network.down(),
      comeBack: async () => {
        stage.network.release();
        await stage.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
      },
    },
  ])('goes on at once when $when', async ({ leave, comeBack }) => {
    // More than one: whoever gets through wakes the others, which may be too early.
    await open({ retryDelays: [30_000, 30_000, 30_000] });
    const held = stage.network.after(3_000_000, 'hold');
    await add(3, 4_000_000);
    await held;
    await leave();
    const waiting = () =>
      stage.page.evaluate(() => {
        const { own } = globalThis as unknown as { own: QueuePage };
        // A browser sends again by itself what a kept connection lost, and may yet get it through.
        const { items } = own.queue.getSnapshot();
        return items
          .filter(({ state }) => state !== 'complete')
          .map(({ state, nextTryAt, error }) => ({ state, nextTryAt, error: error?.message }));
      });
    const others = async () => (await waiting()).filter(({ state }) => state !== 'retrying');
    await expect.poll(others).toEqual([]);
    const soonest = Math.min(...(await waiting()).map(({ nextTryAt }) => nextTryAt ?? 0));
    await comeBack();
    await expect.poll(async () => (await counts()).retrying).toBe(0);
    expect(Date.now()).toBeLessThan(soonest);
    await complete(3);
  });
});
