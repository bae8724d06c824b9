import type { DataSource, EntityMetadata } from 'typeorm';
import { asIsoText } from './iso-text.js';

type ColumnMetadata = EntityMetadata['columns'][number];

/** A column as the statements of `UploadTable` ask for it. */
export interface SelectedColumn {
  readonly column: ColumnMetadata;
  /** Of a list of `SELECT`, or `RETURNING`. */
  readonly sql: string;
  /** What its value is called in the row. */
  readonly alias: string;
  /** Makes of what the row has what TypeORM would have got of the driver. */
  readonly read: (raw: unknown) => unknown;
}

const TIMES = /^(timestamp\b|date$)/;

// What `pg` makes of them.
const ENDLESS: Readonly<Record<string, number>> = { infinity: Infinity, '-infinity': -Infinity };

/**
 * All columns of the entity. Times are asked for as text that does not depend on `DateStyle`: `pg`
 * understands `ISO` alone, and takes the others for nothing at all.
 */
export function selectedColumns(
  { columns }: EntityMetadata,
  driver: DataSource['driver'],
): SelectedColumn[] {
  return columns
    .filter(({ isVirtualProperty }) => !isVirtualProperty)
    .map((column, index) => {
      const name = driver.escape(column.databaseName);
      if (!column.isArray && TIMES.test(driver.normalizeType(column))) {
        // By another name than the column's, after which the statement sorts.
        const alias = `cu_time_${index}`;
        return { column, sql: `${asIsoText(name)} AS "${alias}"`, alias, read: endless };
      }
      return { column, sql: name, alias: column.databaseName, read: (raw: unknown) => raw };
    });
}

function endless(raw: unknown): unknown {
  return ENDLESS[String(raw)] ?? raw;
}
