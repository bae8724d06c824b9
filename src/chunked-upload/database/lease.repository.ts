import type { EntityManager } from 'typeorm';
import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../chunked-upload.entity.js';
import { asJson } from './as-json.js';
import { DURABLE } from './durable.js';
import type { Expiry } from './chunked-upload.repository.js';
import { historyOf, historyWith } from './history.js';
import type {
  CompletionResult,
  Held,
  Leased,
  Progress,
  Release,
  Renewal,
  Sighting,
  Wanted,
} from './lease.types.js';
import type { Scope, UploadTable } from './upload-table.js';

// A takeover that is no longer asked for is not carried out on a writer that went silent later.
const TAKEOVER_VALID = "interval '3 seconds'";

/**
 * The statements by which writers of all processes keep out of each other's way. No connection is
 * held between two of them, and none waits for a row: `SKIP LOCKED` keeps a running `onComplete`
 * from holding up other requests.
 */
export class LeaseRepository<T extends AbstractChunkedUpload> {
  /** Assignments that give a lease back. */
  readonly #noLease: string;

  constructor(
    private readonly table: UploadTable<T>,
    private readonly leaseMs: number,
    private readonly expiry: Expiry,
  ) {
    const { leaseToken, leaseUntil, leaseHolder, takeoverRequestedAt } = table.c;
    const lease = [leaseToken, leaseHolder, takeoverRequestedAt, leaseUntil];
    this.#noLease = lease.map((column) => `${column} = NULL`).join(', ');
  }

  async look(id: string, scope: Scope): Promise<Sighting<T> | null> {
    const { name, c } = this.table;
    const creator = this.table.creatorIs(scope, 2);
    const sql = `SELECT ${this.table.all}, COALESCE(${c.expiresAt} <= clock_timestamp(), false) AS "cu_expired",
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
   *
   * It is durable when this returns: a lease that a crash of the database could forget would let a
   * second writer in. One that was taken after another had run out names no holder, so that it too
   * ends only with its time, and its successor learns of it (`before`).
   */
  async lease(id: string, token: string, wanted: Wanted): Promise<Leased<T> | null> {
    const { name, c } = this.table;
    const creator = this.table.creatorIs(wanted.scope, 7);
    const sql = `UPDATE ${name} SET ${c.leaseToken} = $2, ${c.takeoverRequestedAt} = NULL,
        ${c.leaseHolder} = CASE WHEN "cu_before" IS NULL THEN $6::text END,
        ${c.leaseUntil} = clock_timestamp() + $3 * interval '1 millisecond',
        ${c.attempt} = ${c.attempt} + 1
      FROM (
        SELECT ${c.id} AS "cu_id", ${c.leaseToken} AS "cu_before", ${c.leaseHolder} AS "cu_holder"
        FROM ${name}
        WHERE ${c.id} = $1 AND ${c.status} = ${ChunkedUploadStatus.Incomplete}
          AND (${c.leaseUntil} IS NULL OR ${c.leaseUntil} <= clock_timestamp())
          AND (${c.expiresAt} IS NULL OR ${c.expiresAt} > clock_timestamp())
          AND ($4::bigint IS NULL OR ${c.offset} = $4)
          AND ($5::bigint IS NULL OR ${c.total} IS NULL OR ${c.total} = $5)${creator.sql}
          AND ${DURABLE}
        FOR UPDATE SKIP LOCKED) AS "cu_found"
      WHERE ${c.id} = "cu_id" RETURNING ${this.table.all}, "cu_before", "cu_holder"`;
    const { offset, total, holder } = wanted;
    const parameters = [id, token, this.leaseMs, offset, total, holder, ...creator.parameters];
    const [row] = await this.table.query(sql, parameters);
    if (!row) return null;
    const { cu_before: before, cu_holder: former } = row as Record<string, string | null>;
    const held = typeof before === 'string' ? { token: before, holder: former ?? null } : null;
    return { upload: this.table.hydrate(row), before: held };
  }

  /** One statement for all leases of this process and table, which gives up after `limitMs`. */
  async renew(
    leases: readonly { id: string; token: string }[],
    limitMs: number,
  ): Promise<Renewal[]> {
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
        COALESCE(${c.status} = ${ChunkedUploadStatus.Aborted}, false) AS "cu_aborted",
        ${c.leaseToken} IS NOT DISTINCT FROM "cu_token" AS "cu_is_held",
        "cu_held" IS NOT NULL AS "cu_renewed",
        COALESCE(${c.takeoverRequestedAt} > clock_timestamp() - ${TAKEOVER_VALID}, false)
          AS "cu_takeover"
      FROM "mine" LEFT JOIN ${name} ON ${c.id} = "cu_id"
        LEFT JOIN "renewed" ON "cu_held" = "cu_id"`;
    const ids = leases.map(({ id }) => id);
    const tokens = leases.map(({ token }) => token);
    const rows = await this.table.query(sql, [ids, tokens, this.leaseMs], undefined, limitMs);
    return rows.map((row) => ({
      id: String(row['cu_mine']),
      removed: row['cu_removed'] === true,
      aborted: row['cu_aborted'] === true,
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
  async commit(id: string, { token }: Held, progress: Progress): Promise<T | null> {
    const { c } = this.table;
    const history = historyWith(c.history, '$9');
    const entry = asJson(historyOf(progress.offset));
    const set = `${c.history} = ${history}, ${c.attempt} = 0, ${this.#noLease}`;
    return this.#acknowledge(id, token, progress, set, [entry]);
  }

  /**
   * Acknowledges what a writer has stored so far, which keeps its lease, and has its name in it from
   * here on. Null: it was taken over, or more of it has been acknowledged by now.
   */
  async checkpoint(id: string, { token, holder }: Held, progress: Progress): Promise<T | null> {
    const { c } = this.table;
    const until = `clock_timestamp() + $9 * interval '1 millisecond'`;
    const set = `${c.leaseUntil} = ${until}, ${c.leaseHolder} = $10`;
    // The lease is not renewed meanwhile: it must outlast the statement.
    return this.#acknowledge(id, token, progress, set, [this.leaseMs, holder], this.leaseMs / 2);
  }

  /**
   * Keeps where a writer, which goes on, has put the bytes before its own ones; from here on the lease
   * has its name in it. False: it was taken over, or has committed more by now.
   */
  async keepPlace(
    id: string,
    { token, holder }: Held,
    { offset, storageState }: Pick<Progress, 'offset' | 'storageState'>,
  ): Promise<boolean> {
    const { name, c } = this.table;
    const sql = `UPDATE ${name} SET ${c.storageState} = $4::jsonb, ${c.leaseHolder} = $5,
        ${c.leaseUntil} = clock_timestamp() + $6 * interval '1 millisecond'
      WHERE ${c.id} = $1 AND ${c.leaseToken} = $2 AND ${c.offset} = $3 AND ${DURABLE}
      RETURNING ${c.id}`;
    const parameters = [id, token, offset, asJson(storageState), holder, this.leaseMs];
    return (await this.table.query(sql, parameters, undefined, this.leaseMs / 2)).length > 0;
  }

  /**
   * Gives a lease back and changes nothing else. It does not wait for a row that a statement has
   * locked, such as a commit without an answer. False: it was locked, or the lease is another's.
   */
  async release(
    id: string,
    token: string,
    { hasWritten, contested }: Release,
    limitMs?: number,
  ): Promise<boolean> {
    const { name, c } = this.table;
    const attempt = hasWritten ? '' : `, ${c.attempt} = GREATEST(${c.attempt} - 1, 0)`;
    // A contested one is not given back but ends now: its successor must learn that it was one.
    const ended = contested ? `${c.leaseUntil} = clock_timestamp()` : this.#noLease;
    const rows = await this.table.query(
      `UPDATE ${name} SET ${ended}${attempt} WHERE ${c.id} =
        (SELECT ${c.id} FROM ${name} WHERE ${c.id} = $1 AND ${c.leaseToken} = $2
          FOR UPDATE SKIP LOCKED) RETURNING ${c.id}`,
      [id, token],
      undefined,
      limitMs,
    );
    return rows.length > 0;
  }

  /** Fixes a total that only the completing request said. False: the lease was lost. */
  async setTotal(id: string, token: string, total: number): Promise<boolean> {
    const { name, c } = this.table;
    const sql = `UPDATE ${name} SET ${c.total} = $3
      WHERE ${c.id} = $1 AND ${c.leaseToken} = $2 AND ${DURABLE} RETURNING ${c.id}`;
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
        ${c.firstBytes} = NULL, ${c.mimeType} = $5, ${c.attempt} = 0, ${this.#noLease}
      WHERE ${c.id} = $1 AND ${c.leaseToken} = $2 AND ${DURABLE}
      RETURNING ${this.table.all}`;
    const { checksum, storageState, mimeType } = result;
    const parameters = [id, token, checksum, asJson(storageState), mimeType];
    return this.table.first(await this.table.query(sql, parameters, manager));
  }

  async #acknowledge(
    id: string,
    token: string,
    progress: Progress,
    set: string,
    parameters: unknown[],
    limitMs?: number,
  ): Promise<T | null> {
    const { name, c } = this.table;
    const expiresAt =
      this.expiry.rolling && this.expiry.ms !== null
        ? `clock_timestamp() + ${this.expiry.ms} * interval '1 millisecond'`
        : c.expiresAt;
    // An earlier one whose answer was lost may be carried out late: it must not set the offset back.
    const sql = `UPDATE ${name} SET ${c.offset} = $3, ${c.total} = COALESCE(${c.total}, $4::bigint),
        ${c.checksumState} = $5, ${c.storageState} = $6::jsonb, ${c.expiresAt} = ${expiresAt},
        ${c.firstBytes} = $7, ${c.mimeType} = $8, ${set}
      WHERE ${c.id} = $1 AND ${c.leaseToken} = $2 AND ${c.offset} <= $3 AND ${DURABLE}
      RETURNING ${this.table.all}`;
    const { offset, total, checksumState, storageState, firstBytes, mimeType } = progress;
    const state = asJson(storageState);
    const written = [offset, total, checksumState, state, firstBytes, mimeType];
    const all = [id, token, ...written, ...parameters];
    return this.table.first(await this.table.query(sql, all, undefined, limitMs));
  }
}
