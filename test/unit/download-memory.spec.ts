import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  type DownloadAccount,
  DownloadMemory,
} from '../../src/chunked-upload/memory/download-memory.js';
import { MemoryBudget } from '../../src/chunked-upload/memory/memory-budget.js';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('The memory of downloads', () => {
  it('gives one alone the largest chunks at once', () => {
    const budget = new MemoryBudget(32 * MIB);
    const download = new DownloadMemory(budget).open();
    expect(download.nextChunk()).toBe(256 * KIB);
    expect(budget.used).toBe(512 * KIB);
    download.close();
    download.close();
    expect(budget.used).toBe(0);
  });

  it('is a quarter of the budget at most, however many begin, and nobody is left without', () => {
    const budget = new MemoryBudget(32 * MIB);
    const downloads = new DownloadMemory(budget);
    const opened: DownloadAccount[] = [];
    for (let count = 0; count < 200; count += 1) {
      const download = downloads.open();
      opened.push(download);
      // Nobody reads it: the kernel takes a few chunks, and then none.
      for (let chunk = 0; chunk < 5; chunk += 1) {
        expect(download.nextChunk()).toBeGreaterThanOrEqual(16 * KIB);
      }
    }
    expect(budget.used).toBeLessThanOrEqual(8 * MIB);
    for (const download of opened) download.close();
    expect(budget.used).toBe(0);
  });

  it('grows with a download that is read, up to its share', async () => {
    const budget = new MemoryBudget(32 * MIB);
    const downloads = new DownloadMemory(budget);
    const [first] = Array.from({ length: 50 }, () => downloads.open());
    const sizes = new Set<number>();
    for (let read = 0; read < 30; read += 1) {
      sizes.add(first?.nextChunk() ?? 0);
      await sleep(10);
    }
    const share = (32 * MIB) / 4 / 2 / 50;
    expect(Math.min(...sizes)).toBe(16 * KIB);
    expect(Math.max(...sizes)).toBe(Math.floor(share));
  });

  it('shrinks a download when others begin', () => {
    const downloads = new DownloadMemory(new MemoryBudget(32 * MIB));
    const first = downloads.open();
    expect(first.nextChunk()).toBe(256 * KIB);
    for (let count = 0; count < 99; count += 1) downloads.open();
    expect(first.nextChunk()).toBeLessThan(64 * KIB);
  });

  it('keeps uploads neither from beginning nor from their shares', () => {
    const budget = new MemoryBudget(4 * MIB);
    const downloads = new DownloadMemory(budget);
    for (let count = 0; count < 100; count += 1) downloads.open().nextChunk();
    expect(budget.share).toBe(2 * MIB);
    const account = budget.account();
    let isPaused = false;
    account.open({ pause: () => (isPaused = true), resume: () => (isPaused = false) });
    expect(isPaused).toBe(false);
    account.closeIntake();
  });

  it('leaves uploads the rest, however many are not read', () => {
    const budget = new MemoryBudget(6 * MIB);
    const downloads = new DownloadMemory(budget);
    const opened = Array.from({ length: 900 }, () => downloads.open());
    for (const download of opened) expect(download.nextChunk()).toBeGreaterThanOrEqual(16 * KIB);
    expect(budget.used).toBe(1.5 * MIB);
    const account = budget.account();
    let isPaused = false;
    account.open({ pause: () => (isPaused = true), resume: () => (isPaused = false) });
    expect(isPaused).toBe(false);
    account.closeIntake();
    for (const download of opened.slice(20)) download.close();
    for (const download of opened.slice(0, 20)) download.nextChunk();
    expect(budget.used).toBeGreaterThan(0);
    for (const download of opened) download.close();
    expect(budget.used).toBe(0);
  });

  it('counts nothing of a stream that is asked for after it was closed', () => {
    const budget = new MemoryBudget(32 * MIB);
    const download = new DownloadMemory(budget).open();
    download.close();
    expect(download.nextChunk()).toBe(16 * KIB);
    expect(budget.used).toBe(0);
  });
});
