import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CleanupTimer } from '../../src/chunked-upload/expiry/cleanup-timer.js';
import type { RemoveExpiredResult } from '../../src/chunked-upload/engine/remove-expired.js';

const HOUR = 3_600_000;
const DONE: RemoveExpiredResult = { removed: 3, bytes: 300, failed: 0, declined: 0, failure: null };

let warnings: string[];
let lines: string[];
beforeEach(() => {
  vi.useFakeTimers();
  warnings = [];
  lines = [];
  vi.spyOn(Logger.prototype, 'warn').mockImplementation((line) => void warnings.push(String(line)));
  for (const level of ['log', 'error', 'debug', 'verbose'] as const) {
    vi.spyOn(Logger.prototype, level).mockImplementation((line) => void lines.push(String(line)));
  }
});
afterEach(() => {
  // In this order: a spy on a fake timer gives that back.
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function timer(
  removeExpired: (options?: { signal?: AbortSignal }) => Promise<RemoveExpiredResult>,
  cleanupMs: number | null = HOUR,
): CleanupTimer {
  const created = new CleanupTimer({ cleanupMs, path: 'uploads' }, { removeExpired });
  created.onApplicationBootstrap();
  return created;
}

describe('The timer of the clean-up', () => {
  it('runs within its interval for the first time, and then once in each', async () => {
    const run = vi.fn(async () => DONE);
    timer(run);
    await vi.advanceTimersByTimeAsync(HOUR / 10 - 1);
    expect(run).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(0.9 * HOUR + 1);
    expect(run).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(10 * HOUR);
    const runs = run.mock.calls.length;
    expect(runs).toBeGreaterThanOrEqual(10);
    expect(runs).toBeLessThanOrEqual(13);
    expect([...warnings, ...lines]).toEqual([]);
  });

  it('is not there with cleanup: false', async () => {
    const run = vi.fn(async () => DONE);
    timer(run, null);
    await vi.advanceTimersByTimeAsync(100 * HOUR);
    expect(run).not.toHaveBeenCalled();
  });

  it('keeps no process alive', () => {
    const set = vi.spyOn(globalThis, 'setTimeout');
    timer(async () => DONE);
    const [timeout] = set.mock.results.map(({ value }) => value as NodeJS.Timeout);
    expect(timeout?.hasRef()).toBe(false);
  });

  it('never runs beside itself, and is stopped when the running batch is done', async () => {
    let finish = (): void => undefined;
    let running = 0;
    let most = 0;
    let told: AbortSignal | undefined;
    const stopping = timer(async (options) => {
      told = options?.signal;
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      running -= 1;
      return DONE;
    });
    await vi.advanceTimersByTimeAsync(5 * HOUR);
    expect({ running, most }).toEqual({ running: 1, most: 1 });
    let stopped = false;
    const end = stopping.beforeApplicationShutdown().then(() => {
      stopped = true;
    });
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(told?.aborted).toBe(true);
    expect(stopped).toBe(false);
    finish();
    await end;
    await vi.advanceTimersByTimeAsync(5 * HOUR);
    expect({ running, most }).toEqual({ running: 0, most: 1 });
  });

  it('warns in one line of what failed, and goes on', async () => {
    const failures = [
      async () => ({ ...DONE, failed: 2, failure: new Error('The storage is not available') }),
      async () => Promise.reject(new Error('The database is not available')),
    ];
    const run = vi.fn(async () => (failures.shift() ?? (async () => DONE))());
    timer(run);
    await vi.advanceTimersByTimeAsync(10 * HOUR);
    expect(run.mock.calls.length).toBeGreaterThan(3);
    expect(warnings).toEqual([
      'Clean-up of the expired uploads of "uploads": 2 could not be removed: The storage is not available',
      'Clean-up of the expired uploads of "uploads": The database is not available',
    ]);
    expect(lines).toEqual([]);
  });
});
