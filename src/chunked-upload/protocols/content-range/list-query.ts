import { ChunkedUploadStatus } from '../../chunked-upload.entity.js';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import type { FindInput } from '../../chunked-upload.inputs.js';

/** What `GET /uploads` is asked for, every value checked. */
export function parseListQuery(query: URLSearchParams): FindInput {
  const status = integer(
    query,
    'status',
    ChunkedUploadStatus.Incomplete,
    ChunkedUploadStatus.Aborted,
  );
  const limit = integer(query, 'limit', 1, Number.MAX_SAFE_INTEGER);
  const ownerType = text(query, 'owner_type');
  const ownerId = text(query, 'owner_id');
  return {
    offset: integer(query, 'offset', 0, Number.MAX_SAFE_INTEGER) ?? 0,
    ...(limit === undefined ? {} : { limit }),
    ...(status === undefined ? {} : { status }),
    ...(ownerType === undefined ? {} : { ownerType }),
    ...(ownerId === undefined ? {} : { ownerId }),
  };
}

/** The URL of the next page, in the `Link` header's form (RFC 8288). */
export function nextPageLink(
  collectionUrl: string,
  query: URLSearchParams,
  limit: number,
  offset: number,
): string {
  const next = new URLSearchParams(query);
  next.set('limit', String(limit));
  next.set('offset', String(offset + limit));
  return `<${collectionUrl}?${next.toString()}>; rel="next"`;
}

/** Blank is not asked, as in a form of filters that was left empty. */
function said(query: URLSearchParams, name: string): string | undefined {
  const value = query.getAll(name).at(-1);
  return value?.trim() === '' ? undefined : value;
}

function integer(query: URLSearchParams, name: string, least: number, most: number) {
  const value = said(query, name);
  if (value === undefined) return undefined;
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  const range =
    most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw ChunkedUploadError.invalidField(name, `A whole number ${range} is required.`);
}

function text(query: URLSearchParams, name: string): string | undefined {
  const value = said(query, name);
  if (value?.includes('\0')) {
    throw ChunkedUploadError.invalidField(name, 'Null characters are not allowed.');
  }
  return value;
}
