import { ChunkedUploadError } from '../chunked-upload.errors.js';
import { NoAnswer } from './no-answer.js';
import { NoConnection } from './no-connection.js';
import { driverErrorOf, sqlStateOf } from './sql-state.js';

/**
 * SQLSTATE classes and codes of a database that is away, is going away, has no room or no time for
 * us, or undid our work for somebody else's; and Node's codes of a network that fails. All of it may
 * be over when it is tried again.
 */
const AWAY = new RegExp(
  '^(' +
    [
      '08...', // The connection; PgBouncer says 08P01 of all that it refuses.
      '25006|25P0[34]', // Read only, as a primary that became a standby; idle or long transactions.
      '40001|40003|40P01', // Serialization, completion unknown, deadlock.
      '53...', // Memory, disk, connections.
      '55P03', // A lock that was not to be had in time.
      '57...', // Time-outs and cancels, shutdowns, starts.
      '58000|58030', // The server's own disk.
      'E(?!RR_)[A-Z_]+|ERR_(SOCKET|STREAM|TLS|SSL)_[A-Z_]+',
    ].join('|') +
    ')$',
);

// Errors of `pg`, its pool and TypeORM that have no code.
const AWAY_MESSAGES = new RegExp(
  [
    'connection terminated',
    'connection ended',
    'connection error',
    'not connected',
    'is not queryable',
    'query read timeout',
    'timeout exceeded',
    'timeout expired',
    'cannot use a pool after calling end',
    'connection is not established',
  ].join('|'),
  'i',
);

/** For a database call's `catch`: a database that cannot be reached is 503, all else a bug. */
export function databaseFailure(error: unknown): never {
  if (error instanceof ChunkedUploadError) throw error;
  if (isAway(error)) throw databaseAway(error);
  // Why there was no connection is a mistake of the host's, such as its password.
  throw error instanceof NoConnection ? error.cause : error;
}

export function databaseAway(cause: unknown): ChunkedUploadError {
  return ChunkedUploadError.unavailable('The database is not available', cause);
}

/** Whether a value did not fit its column: SQLSTATE class 22, such as a number out of range. */
export function isDataException(error: unknown): boolean {
  return /^22...$/.test(sqlStateOf(error));
}

/** Whether the database's encoding lacks a letter of a value (LATIN1, say). */
export function isUnencodable(error: unknown): boolean {
  return /^22(021|P05)$/.test(sqlStateOf(error));
}

/** Of a query for a value that the database's encoding cannot hold: no row has it. */
export function noRowsHoldIt(error: unknown): [] {
  if (isUnencodable(error)) return [];
  throw error;
}

/** Whether a value broke a rule of its table: a foreign key, a unique index, a check. */
export function isConstraintViolation(error: unknown): boolean {
  return /^23(503|505|514|P01)$/.test(sqlStateOf(error));
}

/**
 * Whether the database undid a statement, or a transaction, because somebody else was faster: as
 * good as never asked, and worth asking again.
 */
export function isConflict(error: unknown): boolean {
  return /^(40001|40P01)$/.test(sqlStateOf(error));
}

/**
 * Whether a connection is of no use any more after this: the server, or whoever stands between, ends
 * it, or `pg` gave up on a statement by itself with which it is still busy.
 */
export function isLast(error: unknown): boolean {
  const cause = driverErrorOf(error);
  if (/^(08...|25P0[34]|57P..)$/.test(sqlStateOf(cause))) return true;
  return cause instanceof Error && /query read timeout/i.test(cause.message);
}

function isAway(error: unknown): boolean {
  const cause = driverErrorOf(error);
  if (cause instanceof NoAnswer || cause instanceof NoConnection) return true;
  const code = sqlStateOf(cause);
  if (code !== '') return AWAY.test(code);
  return cause instanceof Error && AWAY_MESSAGES.test(cause.message);
}
