import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { UploadTable } from './upload-table.js';

/** Columns of the entity that its table has not; all of them where there is no such table. */
export async function missingColumns<T extends AbstractChunkedUpload>(
  table: UploadTable<T>,
): Promise<string[]> {
  const rows = await table.query(
    `SELECT attname FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
    [table.name],
  );
  const there = new Set(rows.map(({ attname }) => attname));
  return table.metadata.columns
    .map(({ databaseName }) => databaseName)
    .filter((name) => !there.has(name));
}
