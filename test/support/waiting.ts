import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again and again until the answer is yes. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { withinMs = 60_000, everyMs = 20 } = {},
): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`${what}: not within ${withinMs} ms`);
    await sleep(everyMs);
  }
}

export async function timed<R>(work: () => Promise<R>): Promise<{ result: R; ms: number }> {
  const start = performance.now();
  const result = await work();
  return { result, ms: performance.now() - start };
}

/** How long, in milliseconds, something that comes again and again kept others waiting. */
export class Gaps {
  #last = performance.now();
  #longest = 0;

  /** To be called each time that it comes. */
  end(): void {
    this.#longest = this.longest;
    this.#last = performance.now();
  }

  get longest(): number {
    return Math.max(this.#longest, performance.now() - this.#last);
  }
}

/**
 * Milliseconds of processor time that this process spends on `work`: what a busy machine does meanwhile
 * is not in it.
 */
export async function processorTime(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

export function median(numbers: readonly number[]): number {
  return percentile(numbers, 50);
}

/** What so many of a hundred do not exceed. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((left, right) => left - right);
  const at = Math.min(Math.floor((sorted.length * share) / 100), sorted.length - 1);
  return sorted[at] ?? Number.NaN;
}

/** From `low` to below `high`. */
export function between(low: number, high: number): number {
  return low + Math.floor(Math.random() * (high - low));
}
