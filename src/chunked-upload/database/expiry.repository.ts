import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../chunked-upload.entity.js';
import { DURABLE } from './durable.js';
import { asIsoText } from './iso-text.js';
import type { StorageState } from '../storage/storage.provider.js';
import type { UploadTable } from './upload-table.js';

/**
 * Which uploads a cleaner is after: those past their time, all unfinished ones, or those whose owner
 * is gone. Aborted ones are among the first two as long as their bytes may still be there: a kept
 * record has no `expiresAt`.
 */
export type Doom = 'expired' | 'unfinished' | 'ownerless';

/** Where a page ended; to the database's microsecond, which a `Date` has not. */
export interface DoomCursor {
  readonly expiresAt: string | null;
  readonly id: string;
}

export interface DoomedPage<T> {
  readonly uploads: T[];
  /** Null: there is nothing behind it. */
  readonly next: DoomCursor | null;
}

/** What of a record a look at its bytes needs. */
export interface StoredRecord {
  readonly id: string;
  readonly key: string;
  readonly finalKey: string;
  readonly storageState: StorageState | null;
  readonly status: ChunkedUploadStatus;
  readonly offset: number;
}

/**
 * The condition that a row's owner is gone, for a statement in which the table is called "cu", with
 * parameters from `position` on. Null: it never holds.
 */
export type OwnerlessCondition = (
  position: number,
) => { readonly sql: string; readonly parameters: unknown[] } | null;

const { Incomplete, Complete, Aborted } = ChunkedUploadStatus;

/** How many rows one statement looks at. */
const PART = 10_000;
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/**
 * The statements of the clean-up. A cleaner claims an upload by the same lease that writers take, so
 * what is being written, completed or cleaned is nobody else's, in whatever process.
 */
export class ExpiryRepository<T extends AbstractChunkedUpload> {
  readonly #free: string;

  constructor(
    private readonly table: UploadTable<T>,
    private readonly ownerless: OwnerlessCondition = () => null,
  ) {
    const { leaseUntil } = table.c;
    this.#free = `(${leaseUntil} IS NULL OR ${leaseUntil} <= clock_timestamp())`;
  }

  /** Whether there can be any. */
  knows(doom: Doom): boolean {
    return doom !== 'ownerless' || this.ownerless(1) !== null;
  }

  /**
   * The next ones, those that expired first before others. Claims nothing. A page may be empty, and
   * others behind it not.
   */
  async doomed(doom: Doom, after: DoomCursor | null, limit: number): Promise<DoomedPage<T>> {
    // What has not expired may have no such time: by its id it is found nevertheless.
    return doom === 'expired' ? this.#expired(after, limit) : this.#others(doom, after, limit);
  }

  async #expired(after: DoomCursor | null, limit: number): Promise<DoomedPage<T>> {
    const { name, c, all } = this.table;
    const order = `${c.expiresAt}, ${c.id}`;
    const cursor = after ? [after.expiresAt, after.id] : [];
    const sql = `SELECT ${all}, ${asIsoText(c.expiresAt)} AS "cu_expires_at" FROM ${name} AS "cu"
      WHERE ${this.#condition('expired', 4).sql}
      ${after ? `AND (${order}) > ($2::timestamptz, $3::uuid)` : ''}
      ORDER BY ${order} LIMIT $1`;
    const rows = await this.table.query(sql, [limit, ...cursor]);
    const uploads = this.#hydrated(rows);
    const last = uploads.at(-1);
    const expiresAt = (rows.at(-1)?.['cu_expires_at'] ?? null) as string | null;
    return { uploads, next: last && rows.length === limit ? { expiresAt, id: last.id } : null };
  }

  /**
   * By their ids, and of a part of the table: of many rows that are all well each must be looked at,
   * and one statement for all would not end within its time.
   */
  async #others(doom: Doom, after: DoomCursor | null, limit: number): Promise<DoomedPage<T>> {
    const { name, c, all } = this.table;
    const behind = after ? `${c.id} > $2::uuid` : 'true';
    const cursor = after ? [after.id] : [];
    const condition = this.#condition(doom, cursor.length + 2);
    const sql = `SELECT "cu_found".*, "cu_end" FROM
        (SELECT (SELECT ${c.id} FROM ${name} WHERE ${behind}
          ORDER BY ${c.id} OFFSET ${PART - 1} LIMIT 1) AS "cu_end") AS "cu_part"
      LEFT JOIN LATERAL
        (SELECT ${all} FROM ${name} AS "cu" WHERE ${condition.sql} AND ${behind}
          AND ${c.id} <= COALESCE("cu_end", '${LAST_ID}') ORDER BY ${c.id} LIMIT $1) AS "cu_found"
      ON true ORDER BY "cu_found".${c.id}`;
    const rows = await this.table.query(sql, [limit, ...cursor, ...condition.parameters]);
    const end = (rows[0]?.['cu_end'] ?? null) as string | null;
    // Where there is none, the part is one row of nothing.
    const uploads = this.#hydrated(rows).filter(({ id }) => id !== null);
    const last = uploads.length === limit ? (uploads.at(-1)?.id ?? null) : null;
    const id = last ?? end;
    return { uploads, next: id === null ? null : { expiresAt: null, id } };
  }

  /**
   * Takes those of `ids` that are still doomed and that nobody writes, completes or cleans: from
   * here on they are aborted, and this cleaner's for `forMs`.
   */
  async claim(doom: Doom, ids: string[], token: string, forMs: number): Promise<T[]> {
    const { name, c } = this.table;
    const condition = this.#condition(doom, 4);
    const sql = `WITH "doomed" AS MATERIALIZED (
        SELECT ${c.id} AS "cu_doomed" FROM ${name} AS "cu"
        WHERE ${c.id} = ANY($1::uuid[]) AND ${condition.sql} AND ${DURABLE}
        FOR UPDATE SKIP LOCKED)
      UPDATE ${name} SET ${c.status} = ${Aborted}, ${c.leaseToken} = $2, ${c.leaseHolder} = NULL,
        ${c.takeoverRequestedAt} = NULL,
        ${c.leaseUntil} = clock_timestamp() + $3 * interval '1 millisecond',
        ${c.expiresAt} = LEAST(${c.expiresAt}, clock_timestamp())
      FROM "doomed" WHERE ${c.id} = "cu_doomed" RETURNING ${this.table.all}`;
    return this.#hydrated(
      await this.table.query(sql, [ids, token, forMs, ...condition.parameters]),
    );
  }

  /** Removes claimed records. Returns the ids of those that were still claimed. */
  async removeClaimed(ids: string[], token: string): Promise<Set<string>> {
    const { name, c } = this.table;
    const sql = `DELETE FROM ${name} WHERE ${c.id} = ANY($1::uuid[]) AND ${c.leaseToken} = $2
      RETURNING ${c.id} AS "cu_id"`;
    return idsOf(await this.table.query(sql, [ids, token]));
  }

  /** Leaves claimed records, whose bytes are gone, as aborted ones that never expire. */
  async keepClaimed(ids: string[], token: string): Promise<Set<string>> {
    const { name, c } = this.table;
    const sql = `UPDATE ${name} SET ${c.expiresAt} = NULL, ${c.leaseToken} = NULL,
        ${c.leaseUntil} = NULL
      WHERE ${c.id} = ANY($1::uuid[]) AND ${c.leaseToken} = $2 RETURNING ${c.id} AS "cu_id"`;
    return idsOf(await this.table.query(sql, [ids, token]));
  }

  /** Those of `ids` that have a record here whose bytes are there, or are a cleaner's to remove. */
  async withBytes(ids: string[]): Promise<Set<string>> {
    const { name, c } = this.table;
    const sql = `SELECT ${c.id} AS "cu_id" FROM ${name} WHERE ${c.id} = ANY($1::uuid[])
      AND NOT (${c.status} = ${Aborted} AND ${c.expiresAt} IS NULL)`;
    return idsOf(await this.table.query(sql, [ids]));
  }

  /** Records that must have bytes and that nobody writes, by id; `only`: those of these ids. */
  async recorded(after: string | null, limit: number, only?: string[]): Promise<StoredRecord[]> {
    const { name, c } = this.table;
    const sql = `SELECT ${this.table.all} FROM ${name}
      WHERE (${c.status} = ${Complete} OR (${c.status} = ${Incomplete} AND ${c.offset} > 0))
        AND ${this.#free} AND ($1::uuid IS NULL OR ${c.id} > $1)
        AND ($3::uuid[] IS NULL OR ${c.id} = ANY($3))
      ORDER BY ${c.id} LIMIT $2`;
    return this.#hydrated(await this.table.query(sql, [after, limit, only ?? null]));
  }

  #condition(doom: Doom, position: number): { sql: string; parameters: unknown[] } {
    const { c } = this.table;
    // The status as the index on `expires_at` has it. Not `clock_timestamp()`, which may change
    // within a statement: no index is used for that, and all unfinished uploads would be looked at.
    const expired = `${c.status} <> ${Complete} AND ${c.expiresAt} <= statement_timestamp()`;
    const settled = `${c.status} = ${Aborted} AND ${c.expiresAt} IS NULL`;
    if (doom === 'expired') return { sql: `${expired} AND ${this.#free}`, parameters: [] };
    const sql = `NOT (${settled}) AND ${this.#free} AND`;
    if (doom === 'unfinished') return { sql: `${sql} ${c.status} <> ${Complete}`, parameters: [] };
    const ownerless = this.ownerless(position) ?? { sql: 'false', parameters: [] };
    return { ...ownerless, sql: `${sql} NOT COALESCE(${expired}, false) AND ${ownerless.sql}` };
  }

  #hydrated(rows: Record<string, unknown>[]): T[] {
    return rows.map((row) => this.table.hydrate(row));
  }
}

function idsOf(rows: Record<string, unknown>[]): Set<string> {
  return new Set(rows.map((row) => String(row['cu_id'])));
}
