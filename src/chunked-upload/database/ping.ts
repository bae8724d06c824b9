import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { UploadTable } from './upload-table.js';

/** @throws ChunkedUploadError `unavailable` where the database does not answer in time */
export async function pingDatabase(
  table: UploadTable<AbstractChunkedUpload>,
  limitMs: number,
): Promise<void> {
  await table.query('SELECT 1', [], undefined, limitMs);
}
