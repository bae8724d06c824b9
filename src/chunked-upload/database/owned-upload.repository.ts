import type { EntityManager } from 'typeorm';
import type { AbstractChunkedUpload, ChunkedUploadStatus } from '../chunked-upload.entity.js';
import { DURABLE } from './durable.js';
import type { OwnerTable } from './owner-table.js';
import { type Scope, type UploadTable, listedScope } from './upload-table.js';

/** Names an owner, as an upload's row does. */
export interface OwnerKey {
  readonly type: string;
  /** The owner's primary key, as its own record says it. */
  readonly id: string;
}

export interface OwnedFilter {
  readonly scope: Scope;
  readonly status?: ChunkedUploadStatus;
  /** Left out: all. */
  readonly limit?: number;
  readonly offset?: number;
}

/** The rows of one upload type as what belongs to records of the host. */
export class OwnedUploadRepository<T extends AbstractChunkedUpload> {
  constructor(private readonly table: UploadTable<T>) {}

  /** The uploads of all these owners, oldest first. */
  async find(owners: readonly OwnerKey[], filter: OwnedFilter): Promise<T[]> {
    const { name, c } = this.table;
    const { status = null, limit = null, offset = 0 } = filter;
    const creator = this.table.creatorIs(listedScope(filter.scope), 6);
    const sql = `SELECT ${this.table.all} FROM ${name} WHERE ${this.#isOwnedBy()}
        AND ($3::smallint IS NULL OR ${c.status} = $3)${creator.sql}
      ORDER BY ${c.createdAt}, ${c.id} LIMIT $4 OFFSET $5`;
    const parameters = [...columns(owners), status, limit, offset, ...creator.parameters];
    return this.#hydrated(await this.table.query(sql, parameters));
  }

  /**
   * Gives an upload to another owner; null: to none. Does not wait for a row that is locked.
   * Null: there is no such row, or it is locked.
   */
  async assign(
    id: string,
    owner: OwnerKey | null,
    scope: Scope,
    manager?: EntityManager,
  ): Promise<T | null> {
    const { name, c } = this.table;
    const creator = this.table.creatorIs(scope, 4);
    const sql = `UPDATE ${name} SET ${c.ownerType} = $2, ${c.ownerId} = $3 WHERE ${c.id} =
      (SELECT ${c.id} FROM ${name} WHERE ${c.id} = $1${creator.sql} AND ${DURABLE}
        FOR NO KEY UPDATE SKIP LOCKED) RETURNING ${this.table.all}`;
    const parameters = [id, owner?.type ?? null, owner?.id ?? null, ...creator.parameters];
    return this.table.first(await this.table.query(sql, parameters, manager));
  }

  /** Removes the rows of all uploads of these owners, and answers them. */
  async removeOf(owners: readonly OwnerKey[], manager: EntityManager): Promise<T[]> {
    const sql = `DELETE FROM ${this.table.name} WHERE ${this.#isOwnedBy()} AND ${DURABLE}
      RETURNING ${this.table.all}`;
    return this.#hydrated(await this.table.query(sql, columns(owners), manager));
  }

  /** Which of these uploads have a row. */
  async existing(ids: readonly string[], manager?: EntityManager): Promise<Set<string>> {
    const { name, c } = this.table;
    const sql = `SELECT ${c.id} AS "cu_id" FROM ${name} WHERE ${c.id} = ANY($1::uuid[])`;
    const rows = await this.table.query(sql, [ids], manager);
    return new Set(rows.map((row) => String(row['cu_id'])));
  }

  /**
   * The condition that a row's owner is gone, for a statement in which the table is called "cu",
   * with parameters from `position` on. Null: it never holds, also where the database cannot compare
   * the owners' keys with text.
   */
  orphaned(
    owners: ReadonlyMap<string, OwnerTable>,
    position: number,
  ): { sql: string; parameters: unknown[] } | null {
    const { c } = this.table;
    const conditions: string[] = [];
    const parameters: unknown[] = [];
    for (const [type, table] of owners) {
      const missing = table.missing(`"cu".${c.ownerId}`);
      if (missing === null) continue;
      conditions.push(`("cu".${c.ownerType} = $${position + parameters.length} AND ${missing})`);
      parameters.push(type);
    }
    return conditions.length > 0 ? { sql: `(${conditions.join(' OR ')})`, parameters } : null;
  }

  #isOwnedBy(): string {
    const { c } = this.table;
    return `(${c.ownerType}, ${c.ownerId}) IN (SELECT * FROM unnest($1::text[], $2::text[]))`;
  }

  #hydrated(rows: Parameters<UploadTable<T>['hydrate']>[0][]): T[] {
    return rows.map((row) => this.table.hydrate(row));
  }
}

// Text with a NUL can be in no row, and a statement with it fails.
function columns(owners: readonly OwnerKey[]): [string[], string[]] {
  const possible = owners.filter(({ type, id }) => !`${type}${id}`.includes('\0'));
  return [possible.map(({ type }) => type), possible.map(({ id }) => id)];
}
