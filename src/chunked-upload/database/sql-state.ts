import { ChunkedUploadError } from '../chunked-upload.errors.js';
import { NoConnection } from './no-connection.js';

/**
 * What the driver threw: below TypeORM's `driverError`, and below what this library made of it. Its
 * own errors that have no cause are returned as they are.
 */
export function driverErrorOf(error: unknown): unknown {
  const { driverError } = Object(error) as { driverError?: unknown };
  if (driverError instanceof Error && driverError !== error) return driverErrorOf(driverError);
  const isOurs = error instanceof ChunkedUploadError || error instanceof NoConnection;
  return isOurs && error.cause !== undefined ? driverErrorOf(error.cause) : error;
}

/** The SQLSTATE, or Node's code, of whatever a database call threw; empty where it has none. */
export function sqlStateOf(error: unknown): string {
  const { code } = Object(driverErrorOf(error)) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
