import { type EntityTarget, type QueryRunner, Table } from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { Connections } from '../database/connections.js';
import { createExpressionIndexes, createNameSearchIndex } from '../database/expression-indexes.js';
import { UploadTable } from '../database/upload-table.js';
import { leaveRoomInPages } from './room-in-pages.js';

/**
 * For the migration of an entity of your own: creates its table with all columns and indexes, those
 * that you added included. The entity must be one of the query runner's data source.
 */
export async function createUploadTable(
  queryRunner: QueryRunner,
  entity: EntityTarget<AbstractChunkedUpload>,
): Promise<void> {
  const { connection } = queryRunner;
  const table = Table.create(connection.getMetadata(entity), connection.driver);
  await queryRunner.createTable(table, true, true, true);
  const uploads = new UploadTable(new Connections(connection), entity);
  await leaveRoomInPages(queryRunner, uploads);
  await createExpressionIndexes(queryRunner, uploads);
  await createNameSearchIndex(queryRunner, uploads);
}
