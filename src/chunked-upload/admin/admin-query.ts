import { ChunkedUploadError } from '../chunked-upload.errors.js';
import {
  ADMIN_STATUSES,
  type AdminFilter,
  type AdminPosition,
  type AdminSort,
} from '../database/admin.repository.js';
import { parseUploadId } from '../upload-id.js';
import { decodeCursor } from './admin-cursor.js';

/** What a list is asked for. */
export interface AdminQuery {
  /** A type's name; undefined: all. */
  readonly type: string | undefined;
  readonly filter: AdminFilter;
  readonly sort: AdminSort;
  readonly descending: boolean;
  /** The page behind, or before, a place. */
  readonly after?: AdminPosition;
  readonly before?: AdminPosition;
  readonly limit: number;
}

export const SORTS: readonly AdminSort[] = ['created', 'filename', 'size'];

const DEFAULT_LIMIT = 50;
const LARGEST_LIMIT = 200;

/** Reads a query string. @throws ChunkedUploadError `invalid_field` */
export function parseAdminQuery(query: URLSearchParams): AdminQuery {
  requireKnown(query, [...FILTERS, 'sort', 'limit', 'after', 'before']);
  const given = (name: string) => text(query, name);
  const sortName = (given('sort') ?? '-created').replace(/^-/, '');
  const sort = oneOf('sort', sortName, SORTS);
  const position = (name: string) => {
    const word = given(name);
    if (word === undefined) return undefined;
    return (
      decodeCursor(word, sort) ?? invalid(name, 'This is not a place in a list sorted like this.')
    );
  };
  const after = position('after');
  const before = position('before');
  return {
    type: given('type'),
    filter: parseFilter(query),
    sort,
    descending: (given('sort') ?? '-').startsWith('-'),
    limit: limitOf(given('limit')),
    ...(after && { after }),
    ...(before && { before }),
  };
}

/** What `parseFilter` and `type` know. */
const FILTERS: readonly string[] = [
  'type',
  'status',
  'creator',
  'anonymous',
  'owner_type',
  'owner_id',
  'from',
  'to',
  'search',
];

/**
 * All uploads that match: a query in a JSON body. A misspelt filter must not mean all uploads.
 * @throws ChunkedUploadError `invalid_field`
 */
export function parseMatching(value: unknown): Pick<AdminQuery, 'type' | 'filter'> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return invalid('matching', 'An object of filters is required.');
  }
  for (const [name, word] of Object.entries(value)) {
    const sentence = `Unknown filter. Known: ${FILTERS.join(', ')}.`;
    if (!FILTERS.includes(name)) invalid(name, sentence);
    if (typeof word !== 'string') invalid(name, 'A text is required.');
  }
  const query = new URLSearchParams(value as Record<string, string>);
  return { type: text(query, 'type'), filter: parseFilter(query) };
}

/** A misspelt parameter must not mean all uploads. @throws ChunkedUploadError `invalid_field` */
export function requireKnown(query: URLSearchParams, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (!known.includes(name)) {
      invalid(name, `Unknown parameter. Known: ${known.join(', ') || 'none'}.`);
    }
  }
}

/** The part of a query that says which uploads. */
export function parseFilter(query: URLSearchParams): AdminFilter {
  const given = (name: string) => text(query, name);
  const status = given('status');
  const anonymous = oneOf('anonymous', given('anonymous') ?? 'false', ['true', 'false']);
  const creator = anonymous === 'true' ? null : given('creator');
  const ownerType = given('owner_type');
  const ownerId = given('owner_id');
  const from = time('from', given('from'));
  const to = time('to', given('to'));
  const search = given('search')?.trim();
  return {
    ...(status !== undefined && { status: oneOf('status', status, ADMIN_STATUSES) }),
    ...(creator !== undefined && { creator }),
    ...(ownerType !== undefined && { ownerType }),
    ...(ownerId !== undefined && { ownerId }),
    ...(from && { from }),
    ...(to && { to }),
    ...(search && searchFor(search)),
  };
}

/** What looks like an id is one. */
function searchFor(search: string): Pick<AdminFilter, 'id' | 'name'> {
  const id = parseUploadId(search);
  return id === null ? { name: search } : { id };
}

export function text(query: URLSearchParams, name: string): string | undefined {
  const value = query.getAll(name).at(-1);
  if (value?.includes('\0')) invalid(name, 'Null characters are not allowed.');
  return value === '' ? undefined : value;
}

export function oneOf<V extends string>(name: string, value: string, values: readonly V[]): V {
  const found = values.find((each) => each === value);
  return found ?? invalid(name, `One of ${values.join(', ')} is required.`);
}

function limitOf(value: string | undefined): number {
  if (value === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,4}$/.test(value) ? Number(value) : 0;
  if (limit >= 1 && limit <= LARGEST_LIMIT) return limit;
  return invalid('limit', `A whole number from 1 to ${LARGEST_LIMIT} is required.`);
}

export function time(name: string, value: string | undefined): Date | undefined {
  if (value === undefined) return undefined;
  const date = new Date(value);
  // Beyond these years JavaScript and Postgres write dates in different ways.
  const year = date.getUTCFullYear();
  if (/^\d{4}-\d{2}-\d{2}/.test(value) && year >= 1 && year <= 9999) return date;
  return invalid(name, 'A time in ISO 8601 is required.');
}

export function invalid(name: string, sentence: string): never {
  throw ChunkedUploadError.invalidField(name, sentence);
}
