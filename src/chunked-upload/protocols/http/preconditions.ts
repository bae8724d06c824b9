import type { IncomingHttpHeaders } from 'node:http';
import fresh from 'fresh';

/** What a download's `If-…` headers, but for `If-Range`, make of it. */
export type Precondition = 'failed' | 'not-modified' | 'holds';

/** In the order of RFC 9110, section 13.2.2. `modified` is an HTTP date. */
export function preconditionOf(
  headers: IncomingHttpHeaders,
  etag: string,
  modified: string,
): Precondition {
  const match = headers['if-match'];
  const since = headers['if-unmodified-since'];
  const holds = match === undefined ? isUnmodified(since, modified) : isNamed(match, etag);
  if (!holds) return 'failed';
  return isFresh(headers, etag, modified) ? 'not-modified' : 'holds';
}

/** Whether `If-Range` names this file (RFC 9110, section 13.1.5): the tag, or the very date. */
export function isThisFile(condition: string, etag: string, modified: string): boolean {
  if (condition.includes('"')) return condition.trim() === etag;
  return Date.parse(condition) === Date.parse(modified);
}

/** By the strong comparison, to which a weak tag is never equal. */
function isNamed(match: string, etag: string): boolean {
  const tags: string[] = match.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return match.trim() === '*' || tags.includes(etag);
}

function isUnmodified(since: string | undefined, modified: string): boolean {
  const limit = Date.parse(since ?? '');
  // What is no date is not looked at (section 13.1.4).
  return Number.isNaN(limit) || Date.parse(modified) <= limit;
}

// Without the request's Cache-Control, which `fresh` obeys: `fetch` adds `no-cache` to every request
// with a condition of its own, and would never be told 304.
function isFresh(headers: IncomingHttpHeaders, etag: string, modified: string): boolean {
  const conditions = {
    'if-none-match': headers['if-none-match'],
    'if-modified-since': headers['if-modified-since'],
  };
  return fresh(conditions, { etag, 'last-modified': modified });
}
