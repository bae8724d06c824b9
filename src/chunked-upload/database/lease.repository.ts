import type { EntityManager } from 'typeorm';
import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../chunked-upload.entity.js';
import type { StorageState } from '../storage/storage.provider.js';
import { asJson } from './as-json.js';
import type { Expiry } from './chunked-upload.repository.js';
import { historyOf, historyWith } from './history.js';
import type { Scope, UploadTable } from './upload-table.js';

/** The upload as a writer must find it. */
export interface Wanted {
  readonly scope: Scope;
  /** Null: wherever it is. */
  readonly offset: number | null;
  readonly total: number | null;
  /** The process that takes the lease; null where it has no lasting name. */
  readonly holder: string | null;
}

/** What a chunk adds to its row, in one statement. */
export interface Progress {
  readonly offset: number;
  readonly total: number | null;
  readonly checksumState: Buffer | null;
  readonly storageState: StorageState | null;
  readonly firstBytes: Buffer | null;
  readonly mimeType: string | null;
}

/** What is known of a file once it is whole. */
export interface CompletionResult {
  readonly checksum: string | null;
  readonly storageState: StorageState | null;
  readonly mimeType: string | null;
}

/** A row as it was at one moment of the database's clock. */
export interface Sighting<T> {
  readonly upload: T;
  readonly expired: boolean;
  readonly leased: boolean;
}

/** An upload that is marked aborted now. */
export interface Marked<T> {
  readonly upload: T;
  /** The status that it had before. */
  readonly was: ChunkedUploadStatus;
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

// A takeover that is no longer asked for is not carried out on a writer that went silent later.
const TAKEOVER_VALID = "interval '3 seconds'";

// An abort that failed half-way may be repeated for so long where the upload itself never expires.
const RETRY_ABORT_WITHIN = "interval '1 day'";

// A condition that always holds, and spares its statement the wait for the disk. For leases only:
// one that is lost in a crash of the database is lost together with its writer's connection.
const COMMIT_IN_HASTE = "set_config('synchronous_commit', 'off', true) = 'off'";

/**
 * The statements by which writers of all processes keep out of each other's way. No connection is
 * held between two of them, and none waits for a row: `SKIP LOCKED` keeps a running `onComplete`
 * from holding up other requests.
 */
export class LeaseRepository<T extends AbstractChunkedUpload> {
  /** Assignments that give a lease back. */
  readonly #noLease: string;
  /** The same but for its end. */
  readonly #noWriter: string;

  constructor(
    private readonly table: UploadTable<T>,
    private readonly leaseMs: number,
    private readonly expiry: Expiry,
  ) {
    const { leaseToken, leaseUntil, leaseHolder, takeoverRequestedAt } = table.c;
    const writer = [leaseToken, leaseHolder, takeoverRequestedAt];
    this.#noWriter = writer.map((column) => `${column} = NULL`).join(', ');
    this.#noLease = `${this.#noWriter}, ${leaseUntil} = NULL`;
  }

  async look(id: string, scope: Scope): Promise<Sighting<T> | null> {
    const { name, c } = this.table;
    const creator = this.table.creatorIs(scope, 2);
    const sql = `SELECT *, COALESCE(${c.expiresAt} <= clock_timestamp(), false) AS "cu_expired",
      COALESCE(${c.leaseUntil} > clock_timestamp(), false) AS "cu_leased"
      FROM ${name} WHERE ${c.id} = $1${creator.sql}`;
    const [row] = await this.table.query(sql, [id, ...creator.parameters]);
    if (!row) return null;
    const expired = row['cu_expired'] === true;
    return { upload: this.table.hydrate(row), expired, leased: row['cu_leased'] === true };
  }

  /**
   * Takes the lease of an unfinished upload that nobody writes: at `offset` and with `total` where
   * they are given. Null when there is nothing to take; `look` tells why.
   */
  async lease(id: string, token: string, wanted: Wanted): Promise<T | null> {
    const { name, c } = this.table;
    const creator = this.table.creatorIs(wanted.scope, 7);
    const sql = `UPDATE ${name} SET ${c.leaseToken} = $2, ${c.leaseHolder} = $6,
        ${c.takeoverRequestedAt} = NULL,
        ${c.leaseUntil} = clock_timestamp() + $3 * interval '1 millisecond'
      WHERE ${c.id} = (
        SELECT ${c.id} FROM ${name}
        WHERE ${c.id} = $1 AND ${c.status} = ${ChunkedUploadStatus.Incomplete}
          AND (${c.leaseUntil} IS NULL OR ${c.leaseUntil} <= clock_timestamp())
          AND (${c.expiresAt} IS NULL OR ${c.expiresAt} > clock_timestamp())
          AND ($4::bigint IS NULL OR ${c.offset} = $4)
          AND ($5::bigint IS NULL OR ${c.total} IS NULL OR ${c.total} = $5)${creator.sql}
          AND ${COMMIT_IN_HASTE}
        FOR UPDATE SKIP LOCKED) RETURNING *`;
    const { offset, total, holder } = wanted;
    const parameters = [id, token, this.leaseMs, offset, total, holder, ...creator.parameters];
    return this.table.first(await this.table.query(sql, parameters));
  }

  /** One statement for all leases of this process and table. */
  async renew(leases: readonly { id: string; token: string }[]): Promise<Renewal[]> {
    const { name, c } = this.table;
    const sql = `WITH "mine" AS MATERIALIZED (
        SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS "pair"("cu_id", "cu_token")),
      "held" AS MATERIALIZED (
        SELECT ${c.id} AS "cu_held" FROM ${name} AS "cu" JOIN "mine" ON ${c.id} = "cu_id"
        WHERE ${c.leaseToken} = "cu_token" FOR UPDATE OF "cu" SKIP LOCKED),
      "renewed" AS (
        UPDATE ${name} SET ${c.leaseUntil} = clock_timestamp() + $3 * interval '1 millisecond'
        FROM "held" WHERE ${c.id} = "cu_held" RETURNING "cu_held")
      SELECT "cu_id" AS "cu_mine", ${c.id} IS NULL AS "cu_removed",
        ${c.leaseToken} IS NOT DISTINCT FROM "cu_token" AS "cu_is_held",
        "cu_held" IS NOT NULL AS "cu_renewed",
        COALESCE(${c.takeoverRequestedAt} > clock_timestamp() - ${TAKEOVER_VALID}, false)
          AS "cu_takeover"
      FROM "mine" LEFT JOIN ${name} ON ${c.id} = "cu_id"
        LEFT JOIN "renewed" ON "cu_held" = "cu_id"`;
    const ids = leases.map(({ id }) => id);
    const tokens = leases.map(({ token }) => token);
    const rows = await this.table.query(sql, [ids, tokens, this.leaseMs]);
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
    const { name, c } = this.table;
    await this.table.query(
      `UPDATE ${name} SET ${c.takeoverRequestedAt} = clock_timestamp() WHERE ${c.id} =
        (SELECT ${c.id} FROM ${name} WHERE ${c.id} = $1 FOR UPDATE SKIP LOCKED)`,
      [id],
    );
  }

  /** Acknowledges what a writer stored, and gives its lease back. Null: it was taken over. */
  async commit(id: string, token: string, progress: Progress): Promise<T | null> {
    const { name, c } = this.table;
    const expiresAt =
      this.expiry.rolling && this.expiry.ms !== null
        ? `clock_timestamp() + ${this.expiry.ms} * interval '1 millisecond'`
        : c.expiresAt;
    const sql = `UPDATE ${name} SET ${c.offset} = $3, ${c.total} = COALESCE(${c.total}, $4::bigint),
        ${c.checksumState} = $5, ${c.storageState} = $6::jsonb, ${c.expiresAt} = ${expiresAt},
        ${c.firstBytes} = $7, ${c.mimeType} = $8,
        ${c.history} = ${historyWith(c.history, '$9')}, ${this.#noLease}
      WHERE ${c.id} = $1 AND ${c.leaseToken} = $2 RETURNING *`;
    const { offset, total, checksumState, storageState, firstBytes, mimeType } = progress;
    const state = asJson(storageState);
    const history = asJson(historyOf(offset));
    const written = [offset, total, checksumState, state, firstBytes, mimeType, history];
    return this.table.first(await this.table.query(sql, [id, token, ...written]));
  }

  /** Gives a lease back and changes nothing else. */
  async release(id: string, token: string): Promise<void> {
    const { name, c } = this.table;
    await this.table.query(
      `UPDATE ${name} SET ${this.#noLease}
      WHERE ${c.id} = $1 AND ${c.leaseToken} = $2 AND ${COMMIT_IN_HASTE}`,
      [id, token],
    );
  }

  /** Fixes a total that only the completing request said. False: the lease was lost. */
  async setTotal(id: string, token: string, total: number): Promise<boolean> {
    const { name, c } = this.table;
    const sql = `UPDATE ${name} SET ${c.total} = $3
      WHERE ${c.id} = $1 AND ${c.leaseToken} = $2 RETURNING ${c.id}`;
    return (await this.table.query(sql, [id, token, total])).length > 0;
  }

  /** Marks a leased upload complete. Null: the lease was lost. */
  async complete(
    id: string,
    token: string,
    result: CompletionResult,
    manager?: EntityManager,
  ): Promise<T | null> {
    const { name, c } = this.table;
    const sql = `UPDATE ${name} SET ${c.status} = ${ChunkedUploadStatus.Complete},
        ${c.completedAt} = clock_timestamp(), ${c.expiresAt} = NULL, ${c.checksum} = $3,
        ${c.checksumState} = NULL, ${c.storageState} = $4::jsonb,
        ${c.firstBytes} = NULL, ${c.mimeType} = $5, ${this.#noLease}
      WHERE ${c.id} = $1 AND ${c.leaseToken} = $2 RETURNING *`;
    const { checksum, storageState, mimeType } = result;
    const parameters = [id, token, checksum, asJson(storageState), mimeType];
    return this.table.first(await this.table.query(sql, parameters, manager));
  }

  /**
   * Marks an upload aborted, unless its status is `except`, and takes its writer's lease away. Until
   * its bytes are gone it has a time of expiry: where their removal fails the clean-up finds it, but
   * not before the caller had its turn. Null: there is none, or a completion has the row locked.
   */
  async markAborted(id: string, except?: ChunkedUploadStatus): Promise<Marked<T> | null> {
    const { name, c } = this.table;
    const sql = `UPDATE ${name} SET ${c.status} = ${ChunkedUploadStatus.Aborted}, ${this.#noWriter},
        ${c.leaseUntil} = clock_timestamp() + $3 * interval '1 millisecond',
        ${c.expiresAt} = CASE WHEN $2::smallint IS NULL
          THEN LEAST(${c.expiresAt}, clock_timestamp())
          ELSE COALESCE(${c.expiresAt}, clock_timestamp() + ${RETRY_ABORT_WITHIN}) END
      FROM (SELECT ${c.id} AS "cu_id", ${c.status} AS "cu_status" FROM ${name} WHERE ${c.id} = $1
        AND ${c.status} IS DISTINCT FROM $2::smallint FOR UPDATE SKIP LOCKED) AS "cu_found"
      WHERE ${c.id} = "cu_id" RETURNING *`;
    const [row] = await this.table.query(sql, [id, except ?? null, this.leaseMs]);
    return row ? { upload: this.table.hydrate(row), was: Number(row['cu_status']) } : null;
  }

  /** Keeps the record of an aborted upload for good, now that its bytes are gone. */
  async keepAborted(id: string): Promise<T | null> {
    const { name, c } = this.table;
    const sql = `UPDATE ${name} SET ${c.expiresAt} = NULL, ${this.#noLease}
      WHERE ${c.id} = $1 AND ${c.status} = ${ChunkedUploadStatus.Aborted} RETURNING *`;
    return this.table.first(await this.table.query(sql, [id]));
  }
}
