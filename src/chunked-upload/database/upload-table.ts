import type { DataSource, EntityManager, EntityMetadata, EntityTarget } from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { Connections } from './connections.js';
import { type SelectedColumn, selectedColumns } from './selected-columns.js';

/** Whose uploads a statement may touch; undefined: everybody's. A null creator is anonymous. */
export type Scope = { readonly creators: readonly (string | null)[] } | undefined;

/** `scope` as far as a list may show it: what somebody anonymous began is in none. */
export function listedScope(scope: Scope): Scope {
  return scope && { creators: scope.creators.filter((creator) => creator !== null) };
}

export type Row = Record<string, unknown>;

/** One upload type's table: its names as SQL wants them, and its rows as entities. */
export class UploadTable<T extends AbstractChunkedUpload> {
  readonly metadata: EntityMetadata;
  /** Escaped, with its schema. */
  readonly name: string;
  /** Escaped names of the columns, by property. */
  readonly c: Record<keyof AbstractChunkedUpload, string>;
  /** What a statement selects or returns of a row for `hydrate`. */
  readonly all: string;
  readonly #selected: readonly SelectedColumn[];

  constructor(
    readonly connections: Connections,
    readonly entity: EntityTarget<T>,
  ) {
    const { driver } = this.dataSource;
    this.metadata = this.dataSource.getMetadata(entity);
    const names = this.metadata.tablePath.split('.').map((part) => driver.escape(part));
    this.name = names.join('.');
    // An embedded object of the host's may have properties that are called like ours.
    const own = this.metadata.columns.filter(({ embeddedMetadata }) => !embeddedMetadata);
    this.c = Object.fromEntries(
      own.map((column) => [column.propertyName, driver.escape(column.databaseName)]),
    ) as typeof this.c;
    this.#selected = selectedColumns(this.metadata, driver);
    this.all = this.#selected.map(({ sql }) => sql).join(', ');
  }

  /** What a statement selects or returns of a row for `hydrate`: these properties of it alone. */
  only(properties: readonly (keyof AbstractChunkedUpload)[]): string {
    const names: readonly string[] = properties;
    const selected = this.#selected.filter(({ column }) => names.includes(column.propertyPath));
    return selected.map(({ sql }) => sql).join(', ');
  }

  get dataSource(): DataSource {
    return this.connections.dataSource;
  }

  /** Whether subscribers of the host's are told of new rows. */
  get tellsOfInserts(): boolean {
    return this.dataSource.subscribers.some((subscriber) => {
      if (!('beforeInsert' in subscriber || 'afterInsert' in subscriber)) return false;
      // As TypeORM judges it.
      const heard: unknown = subscriber.listenTo?.();
      const { target } = this.metadata;
      if (!heard || heard === Object || heard === target) return true;
      return Object.prototype.isPrototypeOf.call(heard, target);
    });
  }

  /**
   * The rows that one statement gives: on a connection of its own, or on that of a transaction.
   * @throws ChunkedUploadError `unavailable`, also where it takes longer than the option `callTimeout`,
   * or than `limitMs`
   */
  async query(
    sql: string,
    parameters: unknown[],
    manager?: EntityManager,
    limitMs?: number,
  ): Promise<Row[]> {
    const query = async (within: EntityManager): Promise<unknown> => within.query(sql, parameters);
    const result = await this.connections.run(query, manager, limitMs);
    // TypeORM answers UPDATE and DELETE with [rows, count], and everything else with rows.
    const [rows, count] = result as [unknown, unknown];
    return (Array.isArray(rows) && typeof count === 'number' ? rows : result) as Row[];
  }

  first(rows: Row[]): T | null {
    const [row] = rows;
    return row ? this.hydrate(row) : null;
  }

  hydrate(row: Row): T {
    const upload = this.metadata.create() as T;
    for (const { column, alias, read } of this.#selected) {
      const raw = row[alias];
      if (raw === undefined) continue; // It was not asked for.
      const value: unknown = this.dataSource.driver.prepareHydratedValue(read(raw), column);
      column.setEntityValue(upload, value);
    }
    return upload;
  }

  /** The condition that a row is in `scope`, with the parameter `position`. */
  creatorIs(scope: Scope, position: number): { sql: string; parameters: unknown[] } {
    if (!scope) return { sql: '', parameters: [] };
    const { creator } = this.c;
    const known = scope.creators.filter((name) => name !== null);
    const anonymous = scope.creators.includes(null) ? ` OR ${creator} IS NULL` : '';
    // With `ANY` an index no longer gives the rows of one creator in their order.
    const [one] = known;
    const equals = known.length === 1 ? `$${position}::text` : `ANY($${position}::text[])`;
    const sql = ` AND (${creator} = ${equals}${anonymous})`;
    return { sql, parameters: [known.length === 1 ? one : known] };
  }
}
