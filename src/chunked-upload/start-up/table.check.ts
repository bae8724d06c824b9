import { ChunkedUpload } from '../chunked-upload.entity.js';
import { missingColumns } from '../database/missing-columns.js';
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
    const names = missing.map((name) => `"${name}"`).join(', ');
    const cure = isOurs ? ours : `Add them in a migration of ${targetName}, and run it.`;
    return `The table "${tablePath}" lacks the columns ${names}. ${cure}`;
  }
}
