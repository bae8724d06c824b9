import type { Type } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { failOption } from '../chunked-upload.errors.js';

/**
 * Stops the start of an application in which the table of an upload type has rows of another entity:
 * they would be uploads of this type, shown, and cleaned up with what they have in another storage.
 *
 * @param others entities of the application's other types
 */
export function requireOwnTable(
  entity: Type<AbstractChunkedUpload>,
  others: readonly Type<AbstractChunkedUpload>[],
  dataSource: DataSource,
): void {
  // That it is none is said elsewhere.
  if (!dataSource.hasMetadata(entity)) return;
  const metadata = dataSource.getMetadata(entity);
  // Single-table inheritance: the others may be no upload types here, and have rows all the same.
  const isInherited = metadata.discriminatorColumn !== undefined;
  const other = dataSource.entityMetadatas.find(({ target, tablePath }) => {
    if (target === entity || tablePath !== metadata.tablePath) return false;
    return isInherited || others.some((each) => each === target);
  });
  if (!other) return;
  const both = `${entity.name} and ${other.targetName} share the table "${metadata.tablePath}"`;
  failOption('entity', `must have a table of its own: ${both}`);
}
