import type { DataSource, EntityManager, EntityMetadata, EntityTarget } from 'typeorm';
import { type AbstractChunkedUpload, ChunkedUploadStatus } from './chunked-upload.entity.js';
import { databaseFailure } from './database-failure.js';
import type { StorageState } from './storage/storage.provider.js';

/** Whose uploads a statement may touch; undefined: everybody's. A null creator is anonymous. */
export type Scope = { readonly creator: string | null } | undefined;

/** A new row: what the database does not set by itself. */
export interface NewUpload {
  readonly id: string;
  readonly filename: string;
  readonly key: string;
  readonly finalKey: string;
  readonly storageState: StorageState | null;
  readonly offset: number;
  readonly total: number | null;
  readonly checksumState: Buffer | null;
  readonly creator: string | null;
  readonly ownerType: string | null;
  readonly ownerId: string | null;
}

/** What a chunk adds to its row, in one statement. */
export interface Progress {
  readonly offset: number;
  readonly total: number | null;
  readonly checksumState: Buffer | null;
  readonly storageState: StorageState | null;
}

/** A row as it was at one moment of the database's clock. */
export interface Sighting<T> {
  readonly upload: T;
  readonly expired: boolean;
  readonly leased: boolean;
}

/** What became of a lease that was to be renewed. */
export interface Renewal {
  readonly id: string;
  /** Whether the row still bears the writer's token. */
  readonly held: boolean;
  readonly renewed: boolean;
  /** Whether another process asked the writer to let go. */
  readonly takeoverRequested: boolean;
  readonly removed: boolean;
}

export interface ListFilter {
  readonly scope: Scope;
  readonly status?: ChunkedUploadStatus;
  readonly ownerType?: string;
  readonly ownerId?: string;
  readonly limit: number;
  readonly offset: number;
}

export interface Expiry {
  /** Lifetime in milliseconds; null for ever. */
  readonly ms: number | null;
  /** Whether each chunk starts it anew. */
  readonly rolling: boolean;
}

// A takeover that is no longer asked for is not carried out on a writer that went silent later.
const TAKEOVER_VALID = "interval '3 seconds'";

/**
 * The only place with SQL. All times are the database's `clock_timestamp()`: processes' clocks
 * differ, and `now()` is old after a wait. No statement waits for a row: `SKIP LOCKED` keeps a
 * running `onComplete` from holding up requests, and their connections.
 */
export class ChunkedUploadRepository<T extends AbstractChunkedUpload> {
  #lazyColumns: Record<string, string> | null = null;

  constructor(
    readonly dataSource: DataSource,
    readonly entity: EntityTarget<T> & (new () => T),
    private readonly leaseMs: number,
    private readonly expiry: Expiry,
  ) {}

  get metadata(): EntityMetadata {
    return this.dataSource.getMetadata(this.entity);
  }

  async insert(upload: NewUpload, manager?: EntityManager): Promise<T> {
    return this.#insert(upload, {}, manager);
  }

  /** Inserts an upload that is complete from its first moment on. */
  async insertComplete(upload: NewUpload, checksum: string | null, manager?: EntityManager) {
    const complete = {
      status: ChunkedUploadStatus.Complete,
      checksum,
      completedAt: now,
      expiresAt: null,
    };
    return this.#insert(upload, complete, manager);
  }

  async findOne(id: string, scope: Scope): Promise<T | null> {
    const { table, c } = this.#names();
    const creator = this.#creatorIs(scope, 2);
    const sql = `SELECT * FROM ${table} WHERE ${c.id} = $1${creator.sql}`;
    return this.#first(await this.#query(sql, [id, ...creator.parameters]));
  }

  async find(filter: ListFilter): Promise<T[]> {
    const { table, c } = this.#names();
    const parameters: unknown[] = [];
    const conditions: string[] = [];
    const add = (column: string | undefined, value: unknown) => {
      if (value === undefined) return;
      parameters.push(value);
      conditions.push(`${column} = $${parameters.length}`);
    };
    // An anonymous caller has no list: `= NULL` holds for no row.
    if (filter.scope) add(c.creator, filter.scope.creator);
    add(c.status, filter.status);
    add(c.ownerType, filter.ownerType);
    add(c.ownerId, filter.ownerId);
    const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
    parameters.push(filter.limit, filter.offset);
    const sql = `SELECT * FROM ${table} ${where} ORDER BY ${c.createdAt}, ${c.id}
      LIMIT $${parameters.length - 1} OFFSET $${parameters.length}`;
    return (await this.#query(sql, parameters)).map((row) => this.#hydrate(row));
  }

  async look(id: string, scope: Scope): Promise<Sighting<T> | null> {
    const { table, c } = this.#names();
    const creator = this.#creatorIs(scope, 2);
    const sql = `SELECT *, COALESCE(${c.expiresAt} <= clock_timestamp(), false) AS "cu_expired",
      COALESCE(${c.leaseUntil} > clock_timestamp(), false) AS "cu_leased"
      FROM ${table} WHERE ${c.id} = $1${creator.sql}`;
    const [row] = await this.#query(sql, [id, ...creator.parameters]);
    if (!row) return null;
    const expired = row['cu_expired'] === true;
    return { upload: this.#hydrate(row), expired, leased: row['cu_leased'] === true };
  }

  /**
   * Takes the lease of an unfinished upload that nobody writes: at `offset` and with `total` where
   * they are given. Null when there is nothing to take; `look` tells why.
   */
  async lease(
    id: string,
    token: string,
    wanted: { scope: Scope; offset: number | null; total: number | null },
  ): Promise<T | null> {
    const { table, c } = this.#names();
    const creator = this.#creatorIs(wanted.scope, 6);
    // It may be lost in a crash of the database, together with its writer's connection; so it need
    // not wait for the disk.
    const sql = `WITH "hasty" AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)),
      "target" AS MATERIALIZED (
        SELECT ${c.id} AS "cu_target" FROM ${table} AS "cu", "hasty"
        WHERE ${c.id} = $1 AND ${c.status} = ${ChunkedUploadStatus.Incomplete}
          AND (${c.leaseUntil} IS NULL OR ${c.leaseUntil} <= clock_timestamp())
          AND (${c.expiresAt} IS NULL OR ${c.expiresAt} > clock_timestamp())
          AND ($4::bigint IS NULL OR ${c.offset} = $4)
          AND ($5::bigint IS NULL OR ${c.total} IS NULL OR ${c.total} = $5)${creator.sql}
        FOR UPDATE OF "cu" SKIP LOCKED)
      UPDATE ${table} AS "cu" SET ${c.leaseToken} = $2, ${c.takeoverRequestedAt} = NULL,
        ${c.leaseUntil} = clock_timestamp() + $3 * interval '1 millisecond'
      FROM "target" WHERE ${c.id} = "cu_target" RETURNING "cu".*`;
    const { offset, total } = wanted;
    return this.#first(
      await this.#query(sql, [id, token, this.leaseMs, offset, total, ...creator.parameters]),
    );
  }

  /** One statement for all leases of this process and table. */
  async renew(leases: readonly { id: string; token: string }[]): Promise<Renewal[]> {
    const { table, c } = this.#names();
    const sql = `WITH "mine" AS MATERIALIZED (
        SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS "pair"("cu_id", "cu_token")),
      "held" AS MATERIALIZED (
        SELECT ${c.id} AS "cu_held" FROM ${table} AS "cu" JOIN "mine" ON ${c.id} = "cu_id"
        WHERE ${c.leaseToken} = "cu_token" FOR UPDATE OF "cu" SKIP LOCKED),
      "renewed" AS (
        UPDATE ${table} SET ${c.leaseUntil} = clock_timestamp() + $3 * interval '1 millisecond'
        FROM "held" WHERE ${c.id} = "cu_held" RETURNING "cu_held")
      SELECT "cu_id" AS "cu_mine", ${c.id} IS NULL AS "cu_removed",
        ${c.leaseToken} IS NOT DISTINCT FROM "cu_token" AS "cu_is_held",
        "cu_held" IS NOT NULL AS "cu_renewed",
        COALESCE(${c.takeoverRequestedAt} > clock_timestamp() - ${TAKEOVER_VALID}, false)
          AS "cu_takeover"
      FROM "mine" LEFT JOIN ${table} ON ${c.id} = "cu_id"
        LEFT JOIN "renewed" ON "cu_held" = "cu_id"`;
    const ids = leases.map(({ id }) => id);
    const tokens = leases.map(({ token }) => token);
    const rows = await this.#query(sql, [ids, tokens, this.leaseMs]);
    return rows.map((row) => ({
      id: String(row['cu_mine']),
      removed: row['cu_removed'] === true,
      held: row['cu_is_held'] === true,
      renewed: row['cu_renewed'] === true,
      takeoverRequested: row['cu_takeover'] === true,
    }));
  }

  /** Asks whoever writes this upload in another process to let go of it if it is silent. */
  async requestTakeover(id: string): Promise<void> {
    const { table, c } = this.#names();
    await this.#query(
      `UPDATE ${table} SET ${c.takeoverRequestedAt} = clock_timestamp() WHERE ${c.id} =
        (SELECT ${c.id} FROM ${table} WHERE ${c.id} = $1 FOR UPDATE SKIP LOCKED)`,
      [id],
    );
  }

  /** Acknowledges what a writer stored, and gives its lease back. Null: it was taken over. */
  async commit(id: string, token: string, progress: Progress): Promise<T | null> {
    const { table, c } = this.#names();
    const expiresAt =
      this.expiry.rolling && this.expiry.ms !== null
        ? `clock_timestamp() + ${this.expiry.ms} * interval '1 millisecond'`
        : c.expiresAt;
    const sql = `UPDATE ${table} SET ${c.offset} = $3, ${c.total} = COALESCE(${c.total}, $4::bigint),
        ${c.checksumState} = $5, ${c.storageState} = $6::jsonb, ${c.expiresAt} = ${expiresAt},
        ${c.leaseToken} = NULL, ${c.leaseUntil} = NULL, ${c.takeoverRequestedAt} = NULL
      WHERE ${c.id} = $1 AND ${c.leaseToken} = $2 RETURNING *`;
    const { offset, total, checksumState, storageState } = progress;
    return this.#first(
      await this.#query(sql, [id, token, offset, total, checksumState, json(storageState)]),
    );
  }

  /** Gives a lease back and changes nothing else. */
  async release(id: string, token: string): Promise<void> {
    const { table, c } = this.#names();
    await this.#query(
      `WITH "hasty" AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
      UPDATE ${table} SET ${c.leaseToken} = NULL, ${c.leaseUntil} = NULL,
        ${c.takeoverRequestedAt} = NULL
      FROM "hasty" WHERE ${c.id} = $1 AND ${c.leaseToken} = $2`,
      [id, token],
    );
  }

  /** Fixes a total that only the completing request said. False: the lease was lost. */
  async setTotal(id: string, token: string, total: number): Promise<boolean> {
    const { table, c } = this.#names();
    const sql = `UPDATE ${table} SET ${c.total} = $3
      WHERE ${c.id} = $1 AND ${c.leaseToken} = $2 RETURNING ${c.id}`;
    return (await this.#query(sql, [id, token, total])).length > 0;
  }

  /** Marks a leased upload complete. Null: the lease was lost. */
  async complete(
    id: string,
    token: string,
    result: { checksum: string | null; storageState: StorageState | null },
    manager?: EntityManager,
  ): Promise<T | null> {
    const { table, c } = this.#names();
    const sql = `UPDATE ${table} SET ${c.status} = ${ChunkedUploadStatus.Complete},
        ${c.completedAt} = clock_timestamp(), ${c.expiresAt} = NULL, ${c.checksum} = $3,
        ${c.checksumState} = NULL, ${c.storageState} = $4::jsonb,
        ${c.leaseToken} = NULL, ${c.leaseUntil} = NULL, ${c.takeoverRequestedAt} = NULL
      WHERE ${c.id} = $1 AND ${c.leaseToken} = $2 RETURNING *`;
    const { checksum, storageState } = result;
    return this.#first(await this.#query(sql, [id, token, checksum, json(storageState)], manager));
  }

  /** Keeps what `onComplete` answered, in its transaction. */
  async setResponse(id: string, response: unknown, manager: EntityManager): Promise<void> {
    const { table, c } = this.#names();
    const sql = `UPDATE ${table} SET ${c.response} = $2 WHERE ${c.id} = $1`;
    await this.#query(sql, [id, json(response)], manager);
  }

  /**
   * Marks an upload aborted, unless its status is `except`, and takes its writer's lease away.
   * Null: there is none, or a completion has the row locked.
   */
  async markAborted(id: string, except?: ChunkedUploadStatus): Promise<T | null> {
    const { table, c } = this.#names();
    const sql = `UPDATE ${table} SET ${c.status} = ${ChunkedUploadStatus.Aborted},
        ${c.leaseToken} = NULL, ${c.leaseUntil} = NULL, ${c.takeoverRequestedAt} = NULL
      WHERE ${c.id} = (SELECT ${c.id} FROM ${table} WHERE ${c.id} = $1
        AND ${c.status} IS DISTINCT FROM $2::smallint FOR UPDATE SKIP LOCKED) RETURNING *`;
    return this.#first(await this.#query(sql, [id, except ?? null]));
  }

  /** Removes the row; false: there was none. */
  async remove(id: string): Promise<boolean> {
    const { table, c } = this.#names();
    const sql = `DELETE FROM ${table} WHERE ${c.id} = $1 RETURNING ${c.id}`;
    return (await this.#query(sql, [id])).length > 0;
  }

  /** Runs `work` in one transaction on a connection of its own. */
  async transaction<R>(work: (manager: EntityManager) => Promise<R>): Promise<R> {
    return this.dataSource.transaction(work).catch(databaseFailure);
  }

  async #insert(upload: NewUpload, extra: object, manager?: EntityManager): Promise<T> {
    const expiresAt =
      this.expiry.ms === null
        ? null
        : () => `clock_timestamp() + ${this.expiry.ms} * interval '1 millisecond'`;
    const insert = (manager ?? this.dataSource.manager)
      .createQueryBuilder()
      .insert()
      .into(this.entity)
      .values({ ...upload, createdAt: now, expiresAt, ...extra } as never)
      .returning('*')
      .updateEntity(false);
    const result = await insert.execute().catch(databaseFailure);
    return this.#hydrate((result.raw as Row[])[0] ?? {});
  }

  #creatorIs(scope: Scope, position: number): { sql: string; parameters: unknown[] } {
    if (!scope) return { sql: '', parameters: [] };
    const { c } = this.#names();
    const sql = ` AND ${c.creator} IS NOT DISTINCT FROM $${position}::text`;
    return { sql, parameters: [scope.creator] };
  }

  async #query(sql: string, parameters: unknown[], manager?: EntityManager): Promise<Row[]> {
    const result: unknown = await (manager ?? this.dataSource.manager)
      .query(sql, parameters)
      .catch(databaseFailure);
    // TypeORM answers UPDATE and DELETE with [rows, count], and everything else with rows.
    const [rows, count] = result as [unknown, unknown];
    return (Array.isArray(rows) && typeof count === 'number' ? rows : result) as Row[];
  }

  #first(rows: Row[]): T | null {
    const [row] = rows;
    return row ? this.#hydrate(row) : null;
  }

  #hydrate(row: Row): T {
    const upload = this.metadata.create() as T;
    for (const column of this.metadata.columns) {
      const raw = row[column.databaseName];
      column.setEntityValue(upload, this.dataSource.driver.prepareHydratedValue(raw, column));
    }
    return upload;
  }

  /** Escaped names: the table's, and by property its columns'. */
  #names(): { table: string; c: ColumnNames } {
    const { driver } = this.dataSource;
    const table = this.metadata.tablePath
      .split('.')
      .map((part) => driver.escape(part))
      .join('.');
    this.#lazyColumns ??= Object.fromEntries(
      this.metadata.columns.map(({ propertyName, databaseName }) => [
        propertyName,
        driver.escape(databaseName),
      ]),
    );
    return { table, c: this.#lazyColumns as ColumnNames };
  }
}

const now = () => 'clock_timestamp()';

type Row = Record<string, unknown>;
type ColumnNames = Record<keyof AbstractChunkedUpload, string>;

function json(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}
