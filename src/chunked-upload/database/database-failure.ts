import { ChunkedUploadError } from '../chunked-upload.errors.js';

// SQLSTATE classes and codes of a database that is away, is going away, or has no room for us.
const AWAY = /^(08...|57P0[1-5]|53...|40001|40P01|55P03|25006|E[A-Z_]+)$/;
const AWAY_MESSAGES =
  /connection terminated|connection ended|timeout exceeded|not connected|client has encountered a connection error|connection error/i;

/** For a database call's `catch`: a database that cannot be reached is 503, all else a bug. */
export function databaseFailure(error: unknown): never {
  if (error instanceof ChunkedUploadError) throw error;
  if (isAway(error)) throw ChunkedUploadError.unavailable('The database is not available', error);
  throw error;
}

/** Whether a value did not fit its column: SQLSTATE class 22, such as a number out of range. */
export function isDataException(error: unknown): boolean {
  return /^22...$/.test(sqlState(error));
}

/** Whether a value broke a rule of its table: a foreign key, a unique index, a check. */
export function isConstraintViolation(error: unknown): boolean {
  return /^23(503|505|514|P01)$/.test(sqlState(error));
}

function sqlState(error: unknown): string {
  const { driverError = error } = error as { driverError?: unknown };
  const { code } = Object(driverError) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string' && AWAY.test(code)) return true;
  const { driverError } = error as { driverError?: unknown };
  if (driverError instanceof Error && driverError !== error) return isAway(driverError);
  return code === undefined && AWAY_MESSAGES.test(error.message);
}
