import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ChunkBody } from '../../src/chunked-upload/engine/chunk-body.js';
import { MemoryBudget } from '../../src/chunked-upload/memory/memory-budget.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const PIECE = 64 * KIB;

/** A client that sends a piece whenever it is asked to, unless it is held back. */
class Sender {
  readonly body: ChunkBody;
  flows = true;
  /** How often it has been let go, by the order in which all were. */
  readonly letGo: number[] = [];

  constructor(budget: MemoryBudget, order: { next: number } = { next: 0 }) {
    this.body = new ChunkBody(budget);
    this.body.attach({
      pause: () => {
        this.flows = false;
      },
      resume: () => {
        this.flows = true;
        this.letGo.push(order.next++);
      },
    });
  }

  /** @returns whether it could */
  send(bytes = PIECE): boolean {
    if (this.flows) this.body.push(Buffer.alloc(bytes));
    return this.flows;
  }

  /** Sends until it is held back; how many bytes. */
  sendAll(): number {
    let sent = 0;
    while (this.flows && sent < 100 * MIB) {
      this.send();
      sent += PIECE;
    }
    return sent;
  }
}

const senders = (count: number, budget: MemoryBudget): Sender[] => {
  const order = { next: 0 };
  return Array.from({ length: count }, () => new Sender(budget, order));
};

describe('The memory budget', () => {
  it('lets one alone have 2 MiB and no more, however much there is', () => {
    const budget = new MemoryBudget(100 * MIB);
    const [sender] = senders(1, budget) as [Sender];
    expect(sender.sendAll()).toBe(2 * MIB);
    expect(budget.used).toBe(2 * MIB);
  });

  it('lets many have half a MiB each, where there is enough', () => {
    const budget = new MemoryBudget(32 * MIB);
    const all = senders(32, budget);
    for (const sender of all) sender.send();
    for (const sender of all) sender.sendAll();
    expect(budget.used).toBe(16 * MIB);
  });

  it('gives each of many the same share', async () => {
    const budget = new MemoryBudget(8 * MIB);
    const all = senders(32, budget);
    for (let round = 0; round < 100; round += 1) {
      for (const sender of all) sender.send();
    }
    const held = all.map(({ body }) => body.received);
    expect(budget.used).toBeLessThanOrEqual(8 * MIB + PIECE);
    expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(PIECE);
  });

  it('holds all back at once when it is used up, those too that sent nothing', () => {
    const budget = new MemoryBudget(MIB);
    const all = senders(100, budget);
    const silent = all.slice(50);
    let sent = 0;
    while (all.some(({ flows }) => flows)) {
      for (const sender of all.slice(0, 50)) sent += sender.send() ? PIECE : 0;
    }
    expect(silent.some(({ flows }) => flows)).toBe(false);
    expect(budget.used).toBe(MIB);
  });

  it('lets go who has waited longest, as many as there is room for', async () => {
    const budget = new MemoryBudget(MIB);
    const [hog, ...others] = senders(21, budget) as [Sender, ...Sender[]];
    hog.sendAll();
    expect(others.filter(({ flows }) => flows)).toEqual([]);
    await hog.body.read();
    await hog.body.read();
    expect(others.map(({ flows }) => flows)).toEqual(others.map((_, index) => index < 8));
    for (const { body } of others.slice(0, 8)) body.push(Buffer.alloc(PIECE));
    hog.body.close();
    for (let turns = 0; turns < 3; turns += 1) await turn();
    // Those who have not been let go yet come before those who have.
    const order = others.map(({ letGo: [first] }) => first);
    expect(order).toEqual(order.toSorted((left = -1, right = -1) => left - right));
  });

  it('passes a silent sender by: its turn costs others nothing', async () => {
    const budget = new MemoryBudget(MIB);
    const [hog, ...silent] = senders(1000, budget) as [Sender, ...Sender[]];
    hog.sendAll();
    const newcomer = new Sender(budget);
    expect(newcomer.flows).toBe(false);
    await hog.body.read();
    await hog.body.read(0);
    for (let turns = 0; turns < 200 && !newcomer.flows; turns += 1) await turn();
    expect(newcomer.flows).toBe(true);
    expect(silent.every(({ flows }) => flows)).toBe(true);
  });

  it('counts nobody as silent whom it holds back', async () => {
    const budget = new MemoryBudget(MIB);
    const [hog, held] = senders(2, budget) as [Sender, Sender];
    hog.sendAll();
    await sleep(30);
    expect(held.body.idleFor).toBe(0);
    hog.body.close();
    expect(held.flows).toBe(true);
    expect(held.body.idleFor).toBeLessThan(20);
  });

  it('wakes readers who wait for more than can come', async () => {
    const budget = new MemoryBudget(MIB);
    const [small, hog] = senders(2, budget) as [Sender, Sender];
    const reading = small.body.read();
    small.send(10 * KIB);
    hog.sendAll();
    expect(await reading).toHaveLength(1);
  });

  it('has everything back when all are closed, and holds nobody back any more', async () => {
    const budget = new MemoryBudget(2 * MIB);
    const all = senders(50, budget);
    for (let round = 0; round < 1000; round += 1) {
      for (const [index, sender] of all.entries())
        sender.send(1 + ((index * 7919 * round) % PIECE));
      if (round % 10 === 0) await Promise.all(all.slice(0, 25).map(({ body }) => body.read(0)));
      expect(budget.used).toBeLessThanOrEqual(2 * MIB + 2 * PIECE);
    }
    for (const { body } of all) body.close();
    expect(budget.used).toBe(0);
    expect(new Sender(budget).flows).toBe(true);
  });
});

describe('What a body holds of the budget', () => {
  it('is about a byte for each piece of a byte', () => {
    const budget = new MemoryBudget(64 * MIB);
    const body = new ChunkBody(budget);
    const piece = Buffer.alloc(1);
    for (let sent = 0; sent < 500_000; sent += 1) body.push(piece);
    expect(budget.used).toBeLessThan(800 * KIB);
  });

  it('is 4 KiB for a sender of a few bytes', () => {
    const budget = new MemoryBudget(64 * MIB);
    const body = new ChunkBody(budget);
    for (let sent = 0; sent < 1000; sent += 1) body.push(Buffer.alloc(1));
    expect(budget.used).toBe(4 * KIB);
  });

  it('is what a piece keeps alive, or a copy where that is much more', async () => {
    const budget = new MemoryBudget(64 * MIB);
    const large = Buffer.allocUnsafeSlow(256 * KIB);
    const whole = new ChunkBody(budget);
    whole.push(large.subarray(0, 200 * KIB));
    whole.push(large.subarray(200 * KIB));
    expect(budget.used).toBe(256 * KIB);
    whole.close();
    const part = new ChunkBody(budget);
    part.push(large.subarray(0, 3 * KIB));
    expect(budget.used).toBe(4 * KIB);
    part.end();
    expect(await part.read()).toEqual([large.subarray(0, 3 * KIB)]);
  });

  it('keeps the bytes, and their order', async () => {
    const body = new ChunkBody(new MemoryBudget(64 * MIB));
    const sent: Buffer[] = [];
    for (let index = 0; index < 3000; index += 1) {
      const piece = Buffer.alloc(
        ((index * index) % 5000) + (index % 100 === 0 ? 70_000 : 0),
        index,
      );
      sent.push(piece);
      body.push(piece);
    }
    body.end();
    const read: Uint8Array[] = [];
    for (let batch = await body.read(); batch; batch = await body.read()) read.push(...batch);
    expect(Buffer.concat(read).equals(Buffer.concat(sent))).toBe(true);
  });
});
