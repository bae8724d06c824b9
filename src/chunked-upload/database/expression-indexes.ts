import type { QueryRunner } from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { UploadTable } from './upload-table.js';

type Names = UploadTable<AbstractChunkedUpload>['c'];

/**
 * What the admin sorts and searches by, where it is no plain column. The statements must use the
 * very words of the index, or Postgres does not.
 */
export const ADMIN_EXPRESSIONS = {
  /** Independent of case; `C`, because only that order serves a search by the first letters. */
  filename: (c: Names) => `lower(${c.filename}) COLLATE "C"`,
  /** An unknown size is the smallest: a null would fall out of a comparison of rows. */
  size: (c: Names) => `COALESCE(${c.total}, -1)`,
};

// The columns by which the entity declares the indexes, so that TypeORM leaves them alone.
const INDEXES = [
  { columns: ['filename', 'id'], expression: ADMIN_EXPRESSIONS.filename },
  { columns: ['total', 'id'], expression: ADMIN_EXPRESSIONS.size },
];

/** Creates the indexes that no decorator can describe. */
export async function createExpressionIndexes(
  queryRunner: QueryRunner,
  table: UploadTable<AbstractChunkedUpload>,
): Promise<void> {
  for (const { columns, expression } of INDEXES) {
    const index = table.metadata.indices.find(
      (each) => each.columns.map(({ propertyName }) => propertyName).join() === columns.join(),
    );
    if (!index) continue;
    const name = queryRunner.connection.driver.escape(index.name);
    await queryRunner.query(
      `CREATE INDEX ${name} ON ${table.name} ((${expression(table.c)}), ${table.c.id})`,
    );
  }
}
