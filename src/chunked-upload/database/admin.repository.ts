import { AbstractChunkedUpload, ChunkedUploadStatus } from '../chunked-upload.entity.js';
import { noRowsHoldIt } from './database-failure.js';
import { INDEXED, INDEXED_ID, hasNameSearchIndex } from './expression-indexes.js';
import type { Row, UploadTable } from './upload-table.js';

export const ADMIN_STATUSES = ['incomplete', 'expired', 'complete', 'aborted'] as const;
/** A status as people see it: an unfinished upload may have expired. */
export type AdminStatus = (typeof ADMIN_STATUSES)[number];
export type AdminSort = 'created' | 'filename' | 'size';

export interface AdminFilter {
  readonly status?: AdminStatus;
  /** Null: somebody anonymous. */
  readonly creator?: string | null;
  readonly ownerType?: string;
  readonly ownerId?: string;
  /** When it began: not before, and before. */
  readonly from?: Date;
  readonly to?: Date;
  /** A part of the filename in any case; its first letters where `searchesWithin` says no. */
  readonly name?: string;
  readonly id?: string;
}

/** A place in a sorted list: the sort key as text, and the id. */
export interface AdminPosition {
  readonly key: string;
  readonly id: string;
}

export interface AdminListing extends AdminFilter {
  readonly sort: AdminSort;
  readonly descending: boolean;
  /** Only what comes behind it. */
  readonly after?: AdminPosition;
  readonly limit: number;
}

/** What can only be told at the moment of asking. */
export interface AdminSighting {
  readonly upload: AbstractChunkedUpload;
  readonly status: AdminStatus;
  /** Whether a request is writing it. */
  readonly writing: boolean;
  /** Since it began. */
  readonly ageSeconds: number;
}

export interface AdminListed extends AdminSighting {
  readonly position: AdminPosition;
}

// Not `clock_timestamp()`: for what may change within a statement no index is used.
const NOW = 'now()';
// Above it a list says "more than".
export const COUNT_UP_TO = 10_000;
/** Of fewer letters there is no trigram. */
export const LETTERS_WITHIN = 3;
/** How long it counts, in milliseconds, whether there is an index: a migration may add one. */
const INDEX_KNOWN_MS = 30_000;

/** The admin's statements about one upload type, each of them by an index and without `OFFSET`. */
export class AdminRepository {
  #hasSearchIndex = { value: false, until: 0 };

  constructor(private readonly table: UploadTable<AbstractChunkedUpload>) {}

  /** Whether names are searched for a part of them, and not for their first letters alone. */
  async searchesWithin(): Promise<boolean> {
    if (performance.now() > this.#hasSearchIndex.until) {
      const value = await hasNameSearchIndex(this.table);
      this.#hasSearchIndex = { value, until: performance.now() + INDEX_KNOWN_MS };
    }
    return this.#hasSearchIndex.value;
  }

  async list(listing: AdminListing): Promise<AdminListed[]> {
    const { name } = this.table;
    const { key, keyAsText, id } = this.#sort(listing.sort);
    const parameters: unknown[] = [];
    const where = await this.#where(listing, parameters);
    const rows = await this.table
      .query(
        `SELECT ${this.#listedColumns()}, ${this.#moment()}, ${keyAsText} AS "cu_key"
      FROM ${name} ${where} ORDER BY ${order([key, id], listing.descending)}
      LIMIT ${listing.limit}`,
        parameters,
      )
      .catch(noRowsHoldIt);
    return rows.map((row) => {
      const sighting = this.#sighting(row);
      const position = { key: String(row['cu_key']), id: sighting.upload.id };
      return { ...sighting, position };
    });
  }

  async findOne(id: string): Promise<AdminSighting | null> {
    const { name, c } = this.table;
    const sql = `SELECT ${this.table.all}, ${this.#moment()} FROM ${name} WHERE ${c.id} = $1`;
    const [row] = await this.table.query(sql, [id]);
    return row ? this.#sighting(row) : null;
  }

  /** How many there are, up to 10,000; more of them are not counted but, without a filter, estimated. */
  async count(filter: AdminFilter): Promise<{ count: number; exact: boolean }> {
    const { name, c } = this.table;
    const parameters: unknown[] = [];
    const where = await this.#where(filter, parameters);
    if (where === '') {
      const sql =
        'SELECT reltuples::bigint AS "cu_count" FROM pg_class WHERE oid = to_regclass($1)';
      const [row] = await this.table.query(sql, [name]);
      const estimate = Number(row?.['cu_count'] ?? 0);
      if (estimate > COUNT_UP_TO) return { count: estimate, exact: false };
    }
    const sql = `SELECT count(*) AS "cu_count" FROM (SELECT 1 FROM ${name} ${where}
      ORDER BY ${order([c.createdAt, c.id], true)} LIMIT ${COUNT_UP_TO + 1}) AS "cu"`;
    const [row] = await this.table.query(sql, parameters).catch(noRowsHoldIt);
    const count = Number(row?.['cu_count'] ?? 0);
    return { count: Math.min(count, COUNT_UP_TO), exact: count <= COUNT_UP_TO };
  }

  /** Of an unfinished upload; null: it does not expire. False: there is no such unfinished one. */
  async setExpiry(id: string, expiresAt: Date | null): Promise<boolean> {
    const { name, c } = this.table;
    const sql = `UPDATE ${name} SET ${c.expiresAt} = $2 WHERE ${c.id} = $1
      AND ${c.status} = ${ChunkedUploadStatus.Incomplete} RETURNING ${c.id}`;
    return (await this.table.query(sql, [id, expiresAt])).length > 0;
  }

  /** What an upload has in the columns that the host added to the entity, by property. */
  ownValues(upload: AbstractChunkedUpload): Record<string, unknown> {
    const { columns } = this.table.metadata;
    const own = columns.filter(
      ({ target, isSelect }) => target !== AbstractChunkedUpload && isSelect,
    );
    return Object.fromEntries(
      own.map((column) => [column.propertyPath, column.getEntityValue(upload) as unknown]),
    );
  }

  /** What a list is sorted by: expressions of the key, of its text, and of the id. */
  #sort(sort: AdminSort): { key: string; keyAsText: string; id: string } {
    const { c } = this.table;
    if (sort !== 'created') {
      const key = INDEXED[sort](c);
      return { key, keyAsText: `(${key})::text`, id: INDEXED_ID(c.id) };
    }
    // In microseconds, all that Postgres knows: a JavaScript date would skip rows.
    const keyAsText = `(EXTRACT(EPOCH FROM ${c.createdAt}) * 1000000)::bigint::text`;
    return { key: c.createdAt, keyAsText, id: c.id };
  }

  async #where(
    filter: AdminFilter & Partial<AdminListing>,
    parameters: unknown[],
  ): Promise<string> {
    const { c } = this.table;
    const conditions: string[] = [];
    const parameter = (value: unknown) => `$${parameters.push(value)}`;
    const { status, creator, ownerType, ownerId, from, to, name, id, after } = filter;
    if (status) conditions.push(statusIs(c, status));
    if (creator === null) conditions.push(`${c.creator} IS NULL`);
    else if (creator !== undefined) conditions.push(`${c.creator} = ${parameter(creator)}`);
    if (ownerType !== undefined) conditions.push(`${c.ownerType} = ${parameter(ownerType)}`);
    if (ownerId !== undefined) conditions.push(`${c.ownerId} = ${parameter(ownerId)}`);
    if (from) conditions.push(`${c.createdAt} >= ${parameter(from)}`);
    if (to) conditions.push(`${c.createdAt} < ${parameter(to)}`);
    if (id !== undefined) conditions.push(`${c.id} = ${parameter(id)}`);
    if (name !== undefined) {
      const isWithin = name.length >= LETTERS_WITHIN && (await this.searchesWithin());
      // Names are kept as they came: some systems take their accents apart, keyboards do not.
      const forms = new Set([name, name.normalize('NFC'), name.normalize('NFD')]);
      const likes = [...forms].map((form) => {
        const words = `${form.replace(/[\\%_]/g, '\\$&')}%`;
        return `${INDEXED.filename(c)} LIKE lower(${parameter(isWithin ? `%${words}` : words)})`;
      });
      conditions.push(`(${likes.join(' OR ')})`);
    }
    if (after) conditions.push(this.#isBehind(after, filter, parameter));
    return conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
  }

  #isBehind(
    { key, id }: AdminPosition,
    { sort = 'created', descending = false }: Partial<AdminListing>,
    parameter: (value: unknown) => string,
  ): string {
    const given: Record<AdminSort, () => string> = {
      created: () => `timestamptz 'epoch' + ${parameter(key)}::float8 * interval '1 microsecond'`,
      filename: () => `${parameter(key)}::text COLLATE "C"`,
      size: () => `${parameter(key)}::bigint`,
    };
    const columns = this.#sort(sort);
    const row = `(${columns.key}, ${columns.id})`;
    const place = given[sort]();
    const givenId = `${parameter(id)}::uuid`;
    const placeId = sort === 'created' ? givenId : INDEXED_ID(givenId);
    return `${row} ${descending ? '<' : '>'} (${place}, ${placeId})`;
  }

  /** Without the states, which a list has no use for. */
  #listedColumns(): string {
    return this.table.only([
      'id',
      'filename',
      'offset',
      'total',
      'status',
      'creator',
      'protocol',
      'ownerType',
      'ownerId',
      'createdAt',
      'completedAt',
      'expiresAt',
    ]);
  }

  #moment(): string {
    const { c } = this.table;
    return `COALESCE(${statusIs(c, 'expired')}, false) AS "cu_expired",
      COALESCE(${c.leaseUntil} > ${NOW}, false) AS "cu_writing",
      EXTRACT(EPOCH FROM ${NOW} - ${c.createdAt})::float8 AS "cu_age"`;
  }

  #sighting(row: Row): AdminSighting {
    const upload = this.table.hydrate(row);
    return {
      upload,
      status: row['cu_expired'] === true ? 'expired' : STATUS[upload.status],
      writing: row['cu_writing'] === true,
      ageSeconds: Math.max(0, Math.floor(Number(row['cu_age']))),
    };
  }
}

/** The condition that an upload has a status. */
export function statusIs(c: UploadTable<AbstractChunkedUpload>['c'], status: AdminStatus): string {
  const unfinished = `${c.status} = ${ChunkedUploadStatus.Incomplete}`;
  const sql: Record<AdminStatus, string> = {
    incomplete: `${unfinished} AND (${c.expiresAt} IS NULL OR ${c.expiresAt} > ${NOW})`,
    expired: `${unfinished} AND ${c.expiresAt} <= ${NOW}`,
    complete: `${c.status} = ${ChunkedUploadStatus.Complete}`,
    aborted: `${c.status} = ${ChunkedUploadStatus.Aborted}`,
  };
  return sql[status];
}

function order(columns: readonly string[], descending: boolean): string {
  return columns.map((column) => `${column} ${descending ? 'DESC' : 'ASC'}`).join(', ');
}

const STATUS: Readonly<Record<ChunkedUploadStatus, AdminStatus>> = {
  [ChunkedUploadStatus.Incomplete]: 'incomplete',
  [ChunkedUploadStatus.Complete]: 'complete',
  [ChunkedUploadStatus.Aborted]: 'aborted',
};
