import { ChunkedUploadError } from '../chunked-upload.errors.js';

/** For a storage call's `catch`: names the failure as what it means for the upload. */
export function storageFailure(error: unknown): never {
  if (error instanceof ChunkedUploadError) throw error;
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') throw ChunkedUploadError.storageFull(error);
  if (code === 'EFBIG') throw ChunkedUploadError.exceedsStorage(error);
  throw ChunkedUploadError.unavailable('The storage is not available', error);
}
