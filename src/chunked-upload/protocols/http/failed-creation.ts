import { HttpException } from '@nestjs/common';
import { ChunkedUploadError, type ChunkedUploadErrorCode } from '../../chunked-upload.errors.js';

/** Errors after which an upload is there, and what has come of it is kept. */
const KEPT: ReadonlySet<ChunkedUploadErrorCode> = new Set([
  'busy',
  'incomplete',
  'interrupted',
  'storage_full',
  'exceeds_storage',
  'unavailable',
]);

/** Errors of an upload that has been ended meanwhile, by somebody else or by time. */
const OVER: ReadonlySet<ChunkedUploadErrorCode> = new Set([
  'not_found',
  'expired',
  'aborted',
  'bytes_missing',
]);

/**
 * Whether it was the request that was wrong, by a rule of the host as well: whoever is refused what it
 * brought has not begun anything.
 */
export function isRefusal(error: unknown): boolean {
  if (error instanceof HttpException) return error.getStatus() < 500;
  return error instanceof ChunkedUploadError && !KEPT.has(error.code) && !OVER.has(error.code);
}

/** Whether the upload that the request has begun can be gone on with, after what hooks throw as well. */
export function isKept(error: unknown): boolean {
  return !(error instanceof ChunkedUploadError) || KEPT.has(error.code);
}
