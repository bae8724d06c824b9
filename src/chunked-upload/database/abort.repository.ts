import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../chunked-upload.entity.js';
import { DURABLE } from './durable.js';
import type { UploadTable } from './upload-table.js';

/** An upload that is marked aborted now. */
export interface Marked<T> {
  readonly upload: T;
  /** The status that it had before. */
  readonly was: ChunkedUploadStatus;
}

// An abort that failed half-way may be repeated for so long where the upload itself never expires.
const RETRY_ABORT_WITHIN = "interval '1 day'";

/** The statements by which an upload comes to its end before it is complete. */
export class AbortRepository<T extends AbstractChunkedUpload> {
  /** Assignments that take its writer's lease away, but for its end. */
  readonly #noWriter: string;

  constructor(
    private readonly table: UploadTable<T>,
    private readonly leaseMs: number,
  ) {
    const { leaseToken, leaseHolder, takeoverRequestedAt } = table.c;
    const writer = [leaseToken, leaseHolder, takeoverRequestedAt];
    this.#noWriter = writer.map((column) => `${column} = NULL`).join(', ');
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
        AND ${c.status} IS DISTINCT FROM $2::smallint AND ${DURABLE}
        FOR UPDATE SKIP LOCKED) AS "cu_found"
      WHERE ${c.id} = "cu_id" RETURNING ${this.table.all}, "cu_status"`;
    const [row] = await this.table.query(sql, [id, except ?? null, this.leaseMs]);
    return row ? { upload: this.table.hydrate(row), was: Number(row['cu_status']) } : null;
  }

  /** Keeps the record of an aborted upload for good, now that its bytes are gone. */
  async keepAborted(id: string): Promise<T | null> {
    const { name, c } = this.table;
    const sql = `UPDATE ${name} SET ${c.expiresAt} = NULL, ${this.#noWriter}, ${c.leaseUntil} = NULL
      WHERE ${c.id} = $1 AND ${c.status} = ${ChunkedUploadStatus.Aborted}
      RETURNING ${this.table.all}`;
    return this.table.first(await this.table.query(sql, [id]));
  }
}
