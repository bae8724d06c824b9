import ms from 'ms';
import { failOption } from '../chunked-upload.errors.js';

/** What `setTimeout` can wait at most: 24 days. What is longer would be over at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A thousand years: what is much longer has a date that neither Postgres nor clients can read. */
export const LONGEST_LIFE_MS = 31_557_600_000_000;

interface DurationRule {
  /** In milliseconds. Default: 1. */
  readonly least?: number;
  /** Default: what a timer can wait. */
  readonly most?: number;
  /** A right value, as it stands in code. */
  readonly example: string;
}

/** Whole milliseconds. @throws TypeError that names the option and shows a right value */
export function duration(name: string, value: unknown, rule: DurationRule): number {
  const { least = 1, most = LONGEST_TIMER_MS, example } = rule;
  const millis = typeof value === 'string' ? Math.round(parseDuration(value)) : value;
  const isWhole = typeof millis === 'number' && Number.isSafeInteger(millis);
  if (isWhole && millis >= least && millis <= most) return millis;
  return failOption(
    name,
    `must be a whole number of milliseconds from ${least} to ${most}, or a duration: ${example}`,
  );
}

/** How long bytes without a record are left alone, in milliseconds. */
export function grace(value: unknown): number {
  return duration('grace', value, { least: 0, most: LONGEST_LIFE_MS, example: '"2h"' });
}

// Of a text that cannot be one, `ms` throws an error of its own.
function parseDuration(text: string): number {
  return text === '' || text.length > 100 ? Number.NaN : ms(text as ms.StringValue);
}
