import {
  type EntityMetadata,
  type EntityTarget,
  type QueryRunner,
  Table,
  TableIndex,
} from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { Connections } from '../database/connections.js';
import { UploadTable } from '../database/upload-table.js';
import { leaveRoomInPages } from './room-in-pages.js';

/**
 * For a migration of an entity whose table an earlier version of this library created: adds the
 * columns of `AbstractChunkedUpload` that it lacks, and what else a new table would have. Can be
 * repeated. Uploads under way go on.
 */
export async function updateUploadTable(
  queryRunner: QueryRunner,
  entity: EntityTarget<AbstractChunkedUpload>,
): Promise<void> {
  const { connection } = queryRunner;
  const metadata = connection.getMetadata(entity);
  const { columns } = Table.create(metadata, connection.driver);
  for (const name of addedColumns(metadata)) {
    const column = columns.find((each) => each.name === name);
    if (!column || (await queryRunner.hasColumn(metadata.tablePath, column.name))) continue;
    await queryRunner.addColumn(metadata.tablePath, column);
  }
  await indexAllExpiries(queryRunner, metadata);
  await leaveRoomInPages(queryRunner, new UploadTable(new Connections(connection), entity));
}

/** The index of the clean-up had a condition, whose words no naming strategy could change. */
async function indexAllExpiries(queryRunner: QueryRunner, metadata: EntityMetadata): Promise<void> {
  const index = metadata.indices.find(({ columns: [first, second] }) => {
    return first?.propertyPath === EXPIRY && second === undefined;
  });
  const there = (await queryRunner.getTable(metadata.tablePath))?.indices ?? [];
  if (!index || there.some(({ name }) => name === index.name)) return;
  await queryRunner.createIndex(metadata.tablePath, TableIndex.create(index));
  const column = metadata.findColumnWithPropertyName(EXPIRY)?.databaseName;
  const old = there.find(({ columnNames, where }) => where && columnNames.join() === column);
  if (old) await queryRunner.dropIndex(metadata.tablePath, old);
}

/** The columns of this entity that `updateUploadTable` adds where they are missing. */
export function addedColumns(metadata: EntityMetadata): string[] {
  return ADDED.map((name) => metadata.findColumnWithPropertyName(name)?.databaseName ?? name);
}

/** Properties that have come since the first version. */
const ADDED: readonly (keyof AbstractChunkedUpload)[] = ['attempt', 'protocol', 'clientMetadata'];
const EXPIRY: keyof AbstractChunkedUpload = 'expiresAt';
