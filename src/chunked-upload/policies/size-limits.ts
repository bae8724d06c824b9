import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { SizeLimit, UploadContext } from '../chunked-upload.options.js';

/** What a caller's files may measure, in bytes. */
export interface SizeLimits {
  readonly min: number;
  readonly max: number | null;
}

export async function sizeLimits(
  options: { readonly minBytes: SizeLimit; readonly maxBytes: SizeLimit },
  context: UploadContext,
): Promise<SizeLimits> {
  const [min, max] = await Promise.all([
    resolve(options.minBytes, context),
    resolve(options.maxBytes, context),
  ]);
  return { min: min ?? 0, max };
}

/** Judges what a request says about the file: its size, and the end of this chunk. */
export function checkAnnounced(
  limits: SizeLimits,
  announced: { readonly end: number; readonly total: number | null },
  fieldName: string,
): void {
  const { end, total } = announced;
  if (limits.max !== null && Math.max(end, total ?? 0) > limits.max) {
    throw ChunkedUploadError.tooLarge(limits.max);
  }
  if (total !== null) checkMinimum(limits, total, fieldName);
}

/** Judges the file as it is. */
export function checkFinal(limits: SizeLimits, size: number, fieldName: string): void {
  if (limits.max !== null && size > limits.max) throw ChunkedUploadError.tooLarge(limits.max);
  checkMinimum(limits, size, fieldName);
}

function checkMinimum(limits: SizeLimits, size: number, fieldName: string): void {
  if (size >= limits.min) return;
  const sentence =
    size === 0
      ? 'The submitted file is empty.'
      : `The file is too small: ${size} bytes, at least ${limits.min} are required.`;
  throw ChunkedUploadError.invalidField(fieldName, sentence);
}

async function resolve(limit: SizeLimit, context: UploadContext): Promise<number | null> {
  return typeof limit === 'function' ? limit(context) : limit;
}
