import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type PieceCounter, PieceMeter } from '../../src/chunked-upload/memory/piece-meter.js';

/** A sender of small pieces that stops sending when it is told to. */
class Chatterer {
  flows = true;
  sent = 0;
  readonly counter: PieceCounter;

  constructor(meter: PieceMeter) {
    this.counter = meter.counter({
      pause: () => {
        this.flows = false;
      },
      resume: () => {
        this.flows = true;
      },
    });
  }

  /** What was read of a socket in one go is counted to its end. */
  read(pieces: number): void {
    if (!this.flows) return;
    for (let piece = 0; piece < pieces; piece += 1) this.counter.count();
    this.sent += pieces;
  }
}

describe('The meter of small pieces', () => {
  // Its windows and the moments at which is sent: in step also on a busy machine.
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('lets a number of them pass in a time, whoever sends them', async () => {
    const meter = new PieceMeter();
    const all = Array.from({ length: 20 }, () => new Chatterer(meter));
    const start = performance.now();
    while (performance.now() - start < 1000) {
      for (const chatterer of all) chatterer.read(10_000);
      await vi.advanceTimersByTimeAsync(5);
    }
    const sent = all.reduce((sum, chatterer) => sum + chatterer.sent, 0);
    // Each may once read what it has before it is known to send small pieces.
    expect(sent).toBeLessThan(20 * 10_000 + 1.5 * 160_000);
    expect(sent).toBeGreaterThan(150_000);
    for (const { counter } of all) counter.close();
  });

  it('lets those go first who send few, and never stops who sends very few', async () => {
    const meter = new PieceMeter();
    const many = Array.from({ length: 10 }, () => new Chatterer(meter));
    const few = new Chatterer(meter);
    const hardlyAny = new Chatterer(meter);
    let longestWait = 0;
    const start = performance.now();
    let sentAt = start;
    while (performance.now() - start < 1000) {
      for (const chatterer of many) chatterer.read(10_000);
      const before = few.sent;
      few.read(30);
      hardlyAny.read(1);
      expect(hardlyAny.flows).toBe(true);
      if (few.sent > before) sentAt = performance.now();
      longestWait = Math.max(longestWait, performance.now() - sentAt);
      await vi.advanceTimersByTimeAsync(5);
    }
    expect(longestWait).toBeLessThan(400);
    expect(few.sent).toBeGreaterThan(5 * 30);
    for (const { counter } of [...many, few, hardlyAny]) counter.close();
  });

  it('lets go who closes, and forgets it', async () => {
    const meter = new PieceMeter();
    const [first, second] = [new Chatterer(meter), new Chatterer(meter)];
    first.read(10_000);
    second.read(10_000);
    expect([first.flows, second.flows]).toEqual([false, false]);
    first.counter.close();
    expect([first.flows, second.flows]).toEqual([true, false]);
    await vi.advanceTimersByTimeAsync(400);
    expect(second.flows).toBe(true);
  });
});
