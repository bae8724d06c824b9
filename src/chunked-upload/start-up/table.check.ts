import type { EntityMetadata } from 'typeorm';
import { ChunkedUpload } from '../chunked-upload.entity.js';
import { missingColumns } from '../database/missing-columns.js';
import { addedColumns } from '../migrations/update-upload-table.js';
import { type CheckedType, StartUpCheck } from './start-up-check.js';

/** A database in which the migration of this type, or of a later version, has not run. */
export class TableCheck extends StartUpCheck {
  async warning({ table }: CheckedType): Promise<string | null> {
    const missing = await missingColumns(table);
    if (missing.length === 0) return null;
    const { targetName, columns, tablePath } = table.metadata;
    const isOurs = table.entity === ChunkedUpload;
    const ours =
      'Put chunkedUploadMigrations among the "migrations" of the data source, and run them.';
    if (missing.length === columns.length) {
      const call = `createUploadTable(queryRunner, ${targetName})`;
      const cure = isOurs ? ours : `Call ${call} in a migration, and run it.`;
      return `The table "${tablePath}" is missing. ${cure}`;
    }
    const cure = isOurs ? ours : cureOfOwn(missing, table.metadata);
    return `The table "${tablePath}" lacks the columns ${listOf(missing)}. ${cure}`;
  }
}

/** For a table that a migration of the host has made. */
function cureOfOwn(missing: readonly string[], metadata: EntityMetadata): string {
  const { targetName } = metadata;
  const call = `updateUploadTable(queryRunner, ${targetName})`;
  const added = addedColumns(metadata);
  const others = missing.filter((name) => !added.includes(name));
  if (others.length === missing.length)
    return `Add them in a migration of ${targetName}, and run it.`;
  const rest = others.length > 0 ? `, add ${listOf(others)} there` : '';
  return `Call ${call} in a migration${rest}, and run it.`;
}

function listOf(columns: readonly string[]): string {
  return columns.map((name) => `"${name}"`).join(', ');
}
