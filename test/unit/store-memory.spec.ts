import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { StoreAccount } from '../../src/chunked-upload/memory/store-account.js';
import { PAGE_BYTES, StoreMemory } from '../../src/chunked-upload/memory/store-memory.js';

/** Somebody who gathers, and sends what it has when it is asked to, which takes a while. */
class Gatherer {
  pages: Buffer[] = [];
  spilt = 0;
  readonly account: StoreAccount;

  constructor(
    readonly memory: StoreMemory,
    private readonly takesMs = 5,
  ) {
    this.account = memory.open(() => void this.spill());
  }

  async gather(pages: number): Promise<void> {
    for (let count = 0; count < pages; count += 1) {
      const page = await this.account.take();
      this.pages.push(page);
    }
  }

  async spill(): Promise<void> {
    this.spilt += 1;
    await this.send();
  }

  async send(): Promise<void> {
    const pages = this.pages;
    this.pages = [];
    this.account.sends(pages.length);
    await sleep(this.takesMs);
    this.memory.sends(-pages.length);
    this.memory.give(pages);
  }
}

describe('The memory of uploads on their way to a store', () => {
  it('is never more than its limit, and each gets on', async () => {
    const memory = new StoreMemory(64 * PAGE_BYTES);
    const gatherers = Array.from({ length: 12 }, () => new Gatherer(memory));
    let most = 0;
    await Promise.all(
      gatherers.map(async (gatherer) => {
        for (let round = 0; round < 5; round += 1) {
          await gatherer.gather(16);
          most = Math.max(most, memory.used);
          await gatherer.send();
        }
      }),
    );
    expect(most).toBeLessThanOrEqual(64 * PAGE_BYTES);
    expect(memory.used).toBe(0);
  });

  it('goes to who has gathered most: hardly anybody has to send less than it wanted', async () => {
    const memory = new StoreMemory(64 * PAGE_BYTES);
    const gatherers = Array.from({ length: 16 }, () => new Gatherer(memory));
    await Promise.all(
      gatherers.map(async (gatherer) => {
        for (let round = 0; round < 4; round += 1) {
          await gatherer.gather(16);
          await gatherer.send();
        }
      }),
    );
    const spilt = gatherers.reduce((sum, gatherer) => sum + gatherer.spilt, 0);
    expect(spilt).toBeLessThanOrEqual(16);
  });

  it('goes to who has waited for long, though others have gathered more', async () => {
    const memory = new StoreMemory(16 * PAGE_BYTES, 100);
    const greedy = [new Gatherer(memory, 20), new Gatherer(memory, 20)];
    const end = new AbortController();
    const endless = greedy.map(async (gatherer) => {
      await gatherer.gather(8);
      while (!end.signal.aborted) {
        // One page comes back, and is wanted again at once, by who has seven.
        const [page] = gatherer.pages.splice(0, 1);
        gatherer.account.sends(1);
        setTimeout(() => {
          memory.sends(-1);
          memory.give(page ? [page] : []);
        }, 5);
        await gatherer.gather(1);
      }
    });
    await sleep(20);
    const small = new Gatherer(memory);
    const begun = performance.now();
    await small.gather(1);
    expect(performance.now() - begun).toBeGreaterThan(50);
    expect(small.account.isWaiting).toBe(false);
    end.abort();
    await small.send();
    await Promise.all(endless);
  });

  it('is not kept from others by who is silent', async () => {
    const memory = new StoreMemory(32 * PAGE_BYTES);
    const silent = Array.from({ length: 32 }, () => new Gatherer(memory));
    for (const gatherer of silent) await gatherer.gather(1);
    const other = new Gatherer(memory);
    await other.gather(16);
    expect(other.spilt).toBe(0);
    expect(silent.some(({ spilt }) => spilt > 0)).toBe(true);
  });

  it('is asked back of nobody when nobody waits any more', async () => {
    const memory = new StoreMemory(4 * PAGE_BYTES);
    const silent = new Gatherer(memory);
    const busy = new Gatherer(memory);
    await silent.gather(2);
    await busy.gather(2);
    const waiting = new Gatherer(memory);
    const waited = waiting.gather(1);
    await sleep(10);
    await busy.send();
    await waited;
    // As long as somebody who waits gets nothing.
    await sleep(800);
    expect([silent.spilt, waiting.spilt]).toEqual([0, 0]);
  });

  it('keeps what is stored until somebody wants the room', async () => {
    const memory = new StoreMemory(8 * PAGE_BYTES);
    const gatherer = new Gatherer(memory);
    await gatherer.gather(4);
    gatherer.account.sends(4);
    memory.sends(-4);
    let isGone = false;
    const kept = memory.keep(gatherer.pages.splice(0), () => {
      isGone = true;
    });
    await gatherer.gather(4);
    expect(isGone).toBe(false);
    await gatherer.gather(1);
    expect(isGone).toBe(true);
    expect(kept.take()).toBeNull();
  });

  it('keeps nothing where nobody wants anything for long', async () => {
    vi.useFakeTimers();
    try {
      const memory = new StoreMemory(8 * PAGE_BYTES);
      let gone = 0;
      const keep = () => memory.keep(memory.spare(2) ?? [], () => (gone += 1));
      keep();
      vi.advanceTimersByTime(9000);
      keep();
      vi.advanceTimersByTime(9000);
      expect(gone).toBe(0);
      vi.advanceTimersByTime(2000);
      expect(gone).toBe(2);
      expect(memory.used).toBe(0);
      expect(memory.spare(8)).toHaveLength(8);
    } finally {
      vi.useRealTimers();
    }
  });

  it('hands out what is kept', async () => {
    const memory = new StoreMemory(8 * PAGE_BYTES);
    const pages = memory.spare(3) ?? [];
    pages[0]?.write('kept');
    const kept = memory.keep(pages, () => undefined);
    expect(kept.take()?.[0]?.toString('utf8', 0, 4)).toBe('kept');
    expect(kept.take()).toBeNull();
    memory.give(pages);
    expect(memory.used).toBe(0);
  });

  it('is left to others by who waits no longer', async () => {
    const memory = new StoreMemory(2 * PAGE_BYTES);
    const pages = memory.spare(2) ?? [];
    const leaving = new Gatherer(memory);
    const staying = new Gatherer(memory);
    const left = leaving.gather(1).catch((error: unknown) => error);
    const stayed = staying.gather(1);
    leaving.account.stopWaiting(new Error('closed'));
    expect(await left).toMatchObject({ message: 'closed' });
    expect(leaving.account.isWaiting).toBe(false);
    memory.give(pages);
    await stayed;
    expect(staying.pages).toHaveLength(1);
    expect(memory.used).toBe(PAGE_BYTES);
  });

  it('has nothing to spare while others wait', async () => {
    const memory = new StoreMemory(4 * PAGE_BYTES);
    const gatherer = new Gatherer(memory, 50);
    await gatherer.gather(4);
    expect(memory.spare(1)).toBeNull();
    const waiting = gatherer.gather(1);
    await sleep(1);
    expect(memory.spare(1)).toBeNull();
    await waiting;
    expect(gatherer.spilt).toBe(1);
  });
});
