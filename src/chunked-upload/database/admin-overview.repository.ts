import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { ADMIN_STATUSES, type AdminStatus, COUNT_UP_TO, statusIs } from './admin.repository.js';
import { noRowsHoldIt } from './database-failure.js';
import type { UploadTable } from './upload-table.js';

/** How many uploads have a status, and how many bytes were received of them. */
export interface StatusSum {
  readonly status: AdminStatus;
  readonly count: number;
  readonly bytes: number;
  /** False: estimated from a sample. */
  readonly exact: boolean;
}

/** What the admin offers while somebody types. */
export type SuggestedField = 'creator' | 'owner_type' | 'owner_id';

export interface Suggested {
  readonly field: SuggestedField;
  readonly prefix: string;
  /** The kind of owner whose ids are asked for. */
  readonly ownerType?: string;
  readonly limit: number;
}

/** Rows that an estimate looks at. */
const SAMPLE = 20_000;
/** Different values that are looked at for a suggestion: each costs a look into the index. */
const MOST_STEPS = 200;

/** What the admin shows of a whole table, by index or by a sample. */
export class AdminOverviewRepository {
  constructor(private readonly table: UploadTable<AbstractChunkedUpload>) {}

  /** Exact up to 10,000 uploads of a status; of more it is an estimate. */
  async summary(): Promise<StatusSum[]> {
    const sums: StatusSum[] = [];
    for (const status of ADMIN_STATUSES) sums.push(await this.#sumOf(status));
    if (sums.every(({ exact }) => exact)) return sums;
    const estimates = await this.#estimates();
    return sums.map((sum) => {
      if (sum.exact) return sum;
      const { count, bytes } = estimates.get(sum.status) ?? sum;
      return { ...sum, count: Math.max(count, sum.count), bytes: Math.max(bytes, sum.bytes) };
    });
  }

  /**
   * Values that begin with a text, in any case. Where the database sorts capital letters before all
   * others, those that are written `AbC` may be missed.
   */
  async suggestions({ prefix, limit, ...wanted }: Suggested): Promise<string[]> {
    const [first = '', ...rest] = prefix;
    const capital = `${first.toUpperCase()}${rest.join('')}`;
    const found = new Set<string>();
    // Each is a place in the index to begin at.
    for (const start of new Set([prefix, prefix.toLowerCase(), capital, prefix.toUpperCase()])) {
      for (const value of await this.#valuesFrom(start, { ...wanted, limit })) found.add(value);
    }
    return [...found];
  }

  async #valuesFrom(
    start: string,
    { field, ownerType, limit }: Omit<Suggested, 'prefix'>,
  ): Promise<string[]> {
    const { name, c } = this.table;
    const columns = { creator: c.creator, owner_type: c.ownerType, owner_id: c.ownerId };
    const column = columns[field];
    const parameters: unknown[] = [start];
    if (field === 'owner_id' && ownerType === undefined) return [];
    const only = field === 'owner_id' ? `${c.ownerType} = $${parameters.push(ownerType)} AND` : '';
    const order = field === 'owner_id' ? `${c.ownerType}, ${c.ownerId}` : column;
    const next = (condition: string) =>
      `(SELECT ${column} FROM ${name} WHERE ${only} ${column} ${condition} ORDER BY ${order} LIMIT 1)`;
    // From one value of the index to the next other one, however many rows have it.
    const rows = await this.table
      .query(
        `WITH RECURSIVE cu(value, step) AS (
          SELECT ${next('>= $1')}, 1
          UNION ALL
          SELECT ${next('> cu.value')}, step + 1 FROM cu
            WHERE cu.value IS NOT NULL AND step < ${MOST_STEPS}
        ) SELECT value AS "cu_value" FROM cu
          WHERE starts_with(lower(value), lower($1)) LIMIT ${limit}`,
        parameters,
      )
      .catch(noRowsHoldIt);
    return rows.map((row) => String(row['cu_value']));
  }

  async #sumOf(status: AdminStatus): Promise<StatusSum> {
    const { name, c } = this.table;
    const [row] = await this.table.query(
      `SELECT count(*) AS "cu_count", COALESCE(sum("cu_bytes"), 0) AS "cu_bytes" FROM
        (SELECT ${c.offset} AS "cu_bytes" FROM ${name} WHERE ${statusIs(c, status)}
          ORDER BY ${c.createdAt} DESC, ${c.id} DESC LIMIT ${COUNT_UP_TO + 1}) AS "cu"`,
      [],
    );
    const count = Number(row?.['cu_count'] ?? 0);
    return { status, count, bytes: Number(row?.['cu_bytes'] ?? 0), exact: count <= COUNT_UP_TO };
  }

  /** Pages at random, as many as have about 20,000 rows, held against the estimate of all rows. */
  async #estimates(): Promise<Map<AdminStatus, { count: number; bytes: number }>> {
    const { name, c } = this.table;
    const [size] = await this.table.query(
      'SELECT reltuples::float8 AS "cu_rows" FROM pg_class WHERE oid = to_regclass($1)',
      [name],
    );
    const all = Math.max(Number(size?.['cu_rows'] ?? 0), COUNT_UP_TO);
    const percent = Math.min(100, (100 * SAMPLE) / all);
    const cases = ADMIN_STATUSES.map((status) => `WHEN ${statusIs(c, status)} THEN '${status}'`);
    const rows = await this.table.query(
      `SELECT CASE ${cases.join(' ')} END AS "cu_status", count(*) AS "cu_count",
        sum(${c.offset}) AS "cu_bytes"
      FROM ${name} TABLESAMPLE SYSTEM (${percent}) GROUP BY 1`,
      [],
    );
    const seen = rows.reduce((sum, row) => sum + Number(row['cu_count']), 0);
    const scale = seen > 0 ? all / seen : 0;
    return new Map(
      rows.map((row) => [
        row['cu_status'] as AdminStatus,
        {
          count: Math.round(Number(row['cu_count']) * scale),
          bytes: Math.round(Number(row['cu_bytes']) * scale),
        },
      ]),
    );
  }
}
