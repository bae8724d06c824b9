import type { QueryRunner } from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { UploadTable } from './upload-table.js';

type Names = UploadTable<AbstractChunkedUpload>['c'];

/**
 * What the admin sorts and searches by, where it is no plain column. The statements must use the
 * very words of the index, or Postgres does not use it.
 */
export const INDEXED = {
  /** Independent of case; `C`, because only that order serves a search by the first letters. */
  filename: (c: Names) => `lower(${c.filename}) COLLATE "C"`,
  /** An unknown size is the smallest: a null would fall out of a comparison of rows. */
  size: (c: Names) => `COALESCE(${c.total}, -1)`,
};

/**
 * The id where it stands beside one of those. An index of expressions alone is one that TypeORM
 * does not see, and so does not drop when it synchronizes; no decorator can describe it.
 */
export const INDEXED_ID = (id: string) => `uuid_send(${id})`;

/** Creates the indexes that no decorator can describe. */
export async function createExpressionIndexes(
  queryRunner: QueryRunner,
  { metadata, name, c }: UploadTable<AbstractChunkedUpload>,
): Promise<void> {
  const { driver, namingStrategy } = queryRunner.connection;
  for (const [sort, expression] of Object.entries(INDEXED)) {
    const index = driver.escape(namingStrategy.indexName(metadata.tablePath, [sort], 'admin'));
    await queryRunner.query(
      `CREATE INDEX IF NOT EXISTS ${index} ON ${name} ((${expression(c)}), (${INDEXED_ID(c.id)}))`,
    );
  }
}

const TRIGRAMS = 'gin_trgm_ops';

/**
 * Where the database has the extension `pg_trgm`: the index by which the admin finds a part of a name.
 * It is of an expression alone, too.
 */
export async function createNameSearchIndex(
  queryRunner: QueryRunner,
  { metadata, name, c }: UploadTable<AbstractChunkedUpload>,
): Promise<void> {
  const { driver, namingStrategy } = queryRunner.connection;
  const [extension] = (await queryRunner.query(
    `SELECT nspname AS "schema" FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
      WHERE extname = 'pg_trgm'`,
  )) as { schema: string }[];
  if (!extension) return;
  const index = driver.escape(namingStrategy.indexName(metadata.tablePath, ['search'], 'admin'));
  const trigrams = `${driver.escape(extension.schema)}.${TRIGRAMS}`;
  await queryRunner.query(
    `CREATE INDEX IF NOT EXISTS ${index} ON ${name} USING gin ((${INDEXED.filename(c)}) ${trigrams})`,
  );
}

/** Whether the table has that index. */
export async function hasNameSearchIndex(
  table: UploadTable<AbstractChunkedUpload>,
): Promise<boolean> {
  const rows = await table.query(
    `SELECT 1 FROM pg_index JOIN pg_opclass ON pg_opclass.oid = indclass[0]
      WHERE indrelid = to_regclass($1) AND indisvalid AND indexprs IS NOT NULL AND opcname = $2`,
    [table.name, TRIGRAMS],
  );
  return rows.length > 0;
}
