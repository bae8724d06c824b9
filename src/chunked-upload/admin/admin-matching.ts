import type { AdminFilter, AdminPosition } from '../database/admin.repository.js';
import { decodeCursor } from './admin-cursor.js';
import { invalid, parseMatching, time } from './admin-query.js';

/** All uploads that match a filter, and were there when they were counted. */
export interface MatchingUploads {
  readonly type: string | undefined;
  readonly filter: AdminFilter;
  /** None that has begun since. */
  readonly until: Date;
  /** Only what comes behind it. */
  readonly after?: AdminPosition;
}

/**
 * `{ "matching": { …filters }, "until", "after"? }`; undefined where the body has none.
 * @throws ChunkedUploadError `invalid_field`
 */
export function parseMatchingUploads(body: Record<string, unknown>): MatchingUploads | undefined {
  const { matching, until, after, ...unknown } = body;
  if (matching === undefined) return undefined;
  for (const name of Object.keys(unknown)) {
    invalid(name, 'Unknown field. Known: matching, until, after.');
  }
  const moment = time('until', typeof until === 'string' ? until : undefined);
  if (!moment) return invalid('until', 'The time of the count ("at") is required.');
  const place = typeof after === 'string' ? decodeCursor(after, 'created') : null;
  if (after !== undefined && place === null) invalid('after', 'This is not a place in this list.');
  return { ...parseMatching(matching), until: moment, ...(place && { after: place }) };
}
