import { ChunkedUploadError } from '../chunked-upload.errors.js';
import { isConstraintViolation, isDataException, isUnencodable } from './database-failure.js';
import { sqlStateOf } from './sql-state.js';

/** What of a new row a client may have said. */
interface ClientValues {
  readonly filename: string;
  readonly creator: string | null;
  readonly fields: Readonly<Record<string, unknown>>;
}

const STRING_TOO_LONG = '22001';
// A column counts letters, but bytes where the database has no encoding (SQL_ASCII).
const LONGEST_NAME = 255;

/**
 * What only the table could tell of the values of a request: they are refused, and no failure.
 *
 * @throws ChunkedUploadError `invalid_field`; returns where it is about something else
 */
export function refuseValues(error: unknown, { filename, creator, fields }: ClientValues): void {
  if (!isDataException(error) && !isConstraintViolation(error)) return;
  const isForeign = isUnencodable(error);
  const names = Object.keys(fields).filter((name) => !isForeign || !isAscii(fields[name]));
  const isLong =
    sqlStateOf(error) === STRING_TOO_LONG && Buffer.byteLength(filename) > LONGEST_NAME;
  if (isLong || (isForeign && !isAscii(filename))) names.push('filename');
  if (isForeign && !isAscii(creator)) names.push('creator');
  if (names.length === 0) return;
  // Postgres does not say whose value it was.
  const sentence =
    names.length === 1
      ? 'This value cannot be stored.'
      : 'This value, or that of another field, cannot be stored.';
  const sentences = Object.fromEntries(names.map((name) => [name, [sentence]]));
  throw ChunkedUploadError.invalidFields(sentences, error);
}

function isAscii(value: unknown): boolean {
  return typeof value !== 'string' || /^[\0-\x7F]*$/.test(value);
}
