import { NoConnection } from './no-connection.js';
import { RolledBack } from './rolled-back.js';
import { errorBelow } from './sql-state.js';

/**
 * SQLSTATEs that say something of the connection, the server or whoever stands between, and not that
 * a statement or COMMIT has been undone: it may have taken effect all the same.
 */
const UNSURE = /^(08...|25P0[34]|40003|57P..|58...|XX...)$/;

// A connection that was never made. The same codes may also end one that was, as it is read from.
const MAKING = ['connect', 'getaddrinfo'];

// What `pg`, its pool and TypeORM say before they send anything.
const NOT_SENT = new RegExp(
  [
    'timeout exceeded when trying to connect',
    'terminated due to connection timeout',
    'is not queryable',
    'cannot use a pool after calling end',
    'driver not connected',
  ].join('|'),
  'i',
);

/**
 * Whether the database has definitely refused what ended with `error`: nothing of the statement, or
 * of the COMMIT, can take effect any more. False is not no: a connection that was lost, or a limit
 * that passed after the statement was sent, says nothing of what became of it.
 */
export function isRefusal(error: unknown): boolean {
  if (error instanceof NoConnection || error instanceof RolledBack) return true;
  const below = errorBelow(error);
  if (below !== undefined) return isRefusal(below);
  return error instanceof Error && (saysSo(error) || wasNotSent(error));
}

/** Only what comes from a server has a severity; `EPIPE` looks like a SQLSTATE. */
function saysSo(error: Error): boolean {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  if (typeof severity !== 'string' || typeof code !== 'string') return false;
  return /^[0-9A-Z]{5}$/.test(code) && !UNSURE.test(code);
}

function wasNotSent(error: Error): boolean {
  // Node tries all addresses of a name.
  if (error instanceof AggregateError) {
    return error.errors.every((each) => each instanceof Error && wasNotSent(each));
  }
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined) return NOT_SENT.test(error.message);
  return syscall !== undefined && MAKING.includes(syscall);
}
