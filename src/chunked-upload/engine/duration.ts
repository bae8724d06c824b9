import ms from 'ms';
import { failOption } from '../chunked-upload.errors.js';

/** In milliseconds. @throws TypeError that names the option */
export function duration(name: string, value: unknown, least = 1): number {
  const millis = typeof value === 'string' ? parseDuration(value) : value;
  if (typeof millis === 'number' && Number.isFinite(millis) && millis >= least) return millis;
  return failOption(
    name,
    `must be at least ${least} milliseconds, as a number or a duration such as "1d"`,
  );
}

// Of a text that cannot be one, `ms` throws an error of its own.
function parseDuration(text: string): number {
  return text === '' || text.length > 100 ? Number.NaN : ms(text as ms.StringValue);
}
