import { ChunkedUploadError } from '../chunked-upload.errors.js';

/** Whether a call failed because there is no such file. */
export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  // A link in place of a file is not ours, wherever it leads.
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
}

/** For a call's `catch`: null where there is no such file. */
export function unlessMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}

/** For a call's `catch`: a file that is not there is one whose bytes are missing. */
export function missing(error: unknown): never {
  throw isMissing(error) ? ChunkedUploadError.bytesMissing(error) : error;
}
