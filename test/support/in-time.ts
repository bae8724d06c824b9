import { expect } from 'vitest';

/**
 * What a test fails with that is only late. Other work on the machine makes a time longer and never
 * shorter, so vitest runs such a test up to twice more (see `test/vitest.config.ts`): the best counts.
 */
export const LATE = /^late: /;

/** In milliseconds by the clock on the wall; where nobody waits, `processorTime` is the better measure. */
export function expectInTime(ms: number, most: number, what = 'all of it'): void {
  expect(ms, `late: ${what}`).toBeLessThanOrEqual(most);
}
