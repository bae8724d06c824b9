import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type {
  AdminFilter,
  AdminPosition,
  AdminSort,
  AdminStatus,
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

export const STATUSES: readonly AdminStatus[] = ['incomplete', 'expired', 'complete', 'aborted'];
export const SORTS: readonly AdminSort[] = ['created', 'filename', 'size'];

const DEFAULT_LIMIT = 50;
const LARGEST_LIMIT = 200;

/** Reads a query string. @throws ChunkedUploadError `invalid_field` */
export function parseAdminQuery(query: URLSearchParams): AdminQuery {
  const given = (name: string) => text(query, name);
  const sortName = (given('sort') ?? '-created').replace(/^-/, '');
  const sort = oneOf('sort', sortName, SORTS);
  const position = (name: string) => {
    const word = given(name);
    if (word === undefined) return undefined;
    return decodeCursor(word, sort) ?? invalid(name, 'This is no place in a list so sorted.');
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

/** The part of a query that says which uploads. */
export function parseFilter(query: URLSearchParams): AdminFilter {
  const given = (name: string) => text(query, name);
  const status = given('status');
  const creator = given('anonymous') === 'true' ? null : given('creator');
  const ownerType = given('owner_type');
  const ownerId = given('owner_id');
  const from = time('from', given('from'));
  const to = time('to', given('to'));
  const search = given('search')?.trim();
  return {
    ...(status !== undefined && { status: oneOf('status', status, STATUSES) }),
    ...(creator !== undefined && { creator }),
    ...(ownerType !== undefined && { ownerType }),
    ...(ownerId !== undefined && { ownerId }),
    ...(from && { from }),
    ...(to && { to }),
    ...(search && searchFor(search)),
  };
}

/** What looks like an id is one. */
function searchFor(search: string): Pick<AdminFilter, 'id' | 'prefix'> {
  const id = parseUploadId(search);
  return id === null ? { prefix: search } : { id };
}

function text(query: URLSearchParams, name: string): string | undefined {
  const value = query.getAll(name).at(-1);
  if (value?.includes('\0')) invalid(name, 'Null characters are not allowed.');
  return value === '' ? undefined : value;
}

function oneOf<V extends string>(name: string, value: string, values: readonly V[]): V {
  const found = values.find((each) => each === value);
  return found ?? invalid(name, `One of ${values.join(', ')} is required.`);
}

function limitOf(value: string | undefined): number {
  if (value === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,4}$/.test(value) ? Number(value) : 0;
  if (limit >= 1 && limit <= LARGEST_LIMIT) return limit;
  return invalid('limit', `A whole number from 1 to ${LARGEST_LIMIT} is required.`);
}

function time(name: string, value: string | undefined): Date | undefined {
  if (value === undefined) return undefined;
  const date = new Date(value);
  // Beyond these years JavaScript and Postgres write dates in different ways.
  const year = date.getUTCFullYear();
  if (/^\d{4}-\d{2}-\d{2}/.test(value) && year >= 1 && year <= 9999) return date;
  return invalid(name, 'A time in ISO 8601 is required.');
}

function invalid(name: string, sentence: string): never {
  throw ChunkedUploadError.invalidField(name, sentence);
}
