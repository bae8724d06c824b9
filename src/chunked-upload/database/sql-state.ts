import { ChunkedUploadError } from '../chunked-upload.errors.js';
import { NoConnection } from './no-connection.js';

/** The error that TypeORM, or this library, made `error` of; undefined where it is the first. */
export function errorBelow(error: unknown): unknown {
  const { driverError } = Object(error) as { driverError?: unknown };
  if (driverError instanceof Error && driverError !== error) return driverError;
  const isOurs = error instanceof ChunkedUploadError || error instanceof NoConnection;
  return isOurs ? error.cause : undefined;
}

/** What the driver threw, as far down as it goes. */
export function driverErrorOf(error: unknown): unknown {
  const below = errorBelow(error);
  return below === undefined ? error : driverErrorOf(below);
}

/** The SQLSTATE, or Node's code, of whatever a database call threw; empty where it has none. */
export function sqlStateOf(error: unknown): string {
  const { code } = Object(driverErrorOf(error)) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
