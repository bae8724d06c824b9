import type { EntityManager, InsertResult } from 'typeorm';
import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../chunked-upload.entity.js';
import type { StorageState } from '../storage/storage.provider.js';
import { asPlainJson } from './as-json.js';
import type { TransactionOptions } from './connections.js';
import { noRowsHoldIt } from './database-failure.js';
import { refuseValues } from './refused-values.js';
import { DURABLE } from './durable.js';
import { historyOf } from './history.js';
import { type Row, type Scope, type UploadTable, listedScope } from './upload-table.js';

const now = () => 'clock_timestamp()';

// The place of a condition in a statement that has none.
const nowDurably = () => `CASE WHEN ${DURABLE} THEN clock_timestamp() END`;

/** A new row: what the database does not set by itself. */
export interface NewRow {
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
  readonly firstBytes: Buffer | null;
  readonly mimeType: string | null;
  readonly protocol: string | null;
  readonly clientMetadata: string | null;
  /** Values of the entity's own columns, by property. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What a client's name decides of a row. */
export type Naming = Pick<NewRow, 'filename' | 'key' | 'finalKey'>;

/** Whose upload a row is that is written while its first chunk still comes. */
export interface RowLease {
  readonly token: string;
  readonly holder: string | null;
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

/**
 * The rows of one upload type. All times are the database's `clock_timestamp()`: processes' clocks differ,
 * and `now()` is old after a wait.
 */
export class ChunkedUploadRepository<T extends AbstractChunkedUpload> {
  constructor(
    private readonly table: UploadTable<T>,
    private readonly expiry: Expiry,
    private readonly leaseMs: number,
  ) {}

  /**
   * Whether to insert in a transaction: subscribers of the host's are told of new rows after the
   * statement, and when one of them fails nothing of it may stay.
   */
  get insertsInTransaction(): boolean {
    return this.table.tellsOfInserts;
  }

  /** With a lease the writer that inserts it goes on. */
  async insert(upload: NewRow, lease: RowLease | null, manager?: EntityManager): Promise<T> {
    const leased = lease && {
      leaseToken: lease.token,
      leaseHolder: lease.holder,
      leaseUntil: () => `clock_timestamp() + ${this.leaseMs} * interval '1 millisecond'`,
      attempt: 1,
    };
    return this.#insert(upload, { history: historyOf(upload.offset), ...leased }, manager);
  }

  /** Inserts an upload that is complete from its first moment on. */
  async insertComplete(upload: NewRow, checksum: string | null, manager?: EntityManager) {
    const complete = {
      status: ChunkedUploadStatus.Complete,
      checksum,
      completedAt: now,
      expiresAt: null,
    };
    return this.#insert(upload, complete, manager);
  }

  async findOne(id: string, scope: Scope, manager?: EntityManager): Promise<T | null> {
    const { name, c } = this.table;
    const creator = this.table.creatorIs(scope, 2);
    const sql = `SELECT ${this.table.all} FROM ${name} WHERE ${c.id} = $1${creator.sql}`;
    const parameters = [id, ...creator.parameters];
    const rows = await this.table.query(sql, parameters, manager).catch(noRowsHoldIt);
    return this.table.first(rows);
  }

  async find(filter: ListFilter): Promise<T[]> {
    const { name, c } = this.table;
    const creator = this.table.creatorIs(listedScope(filter.scope), 1);
    const { parameters } = creator;
    const conditions: string[] = [];
    const add = (column: string | undefined, value: unknown) => {
      if (value === undefined) return;
      parameters.push(value);
      conditions.push(` AND ${column} = $${parameters.length}`);
    };
    add(c.status, filter.status);
    add(c.ownerType, filter.ownerType);
    add(c.ownerId, filter.ownerId);
    parameters.push(filter.limit, filter.offset);
    const sql = `SELECT ${this.table.all} FROM ${name}
      WHERE true${creator.sql}${conditions.join('')} ORDER BY ${c.createdAt}, ${c.id}
      LIMIT $${parameters.length - 1} OFFSET $${parameters.length}`;
    const rows = await this.table.query(sql, parameters).catch(noRowsHoldIt);
    return rows.map((row) => this.table.hydrate(row));
  }

  /** Names an upload that a writer has leased, and where its bytes are to be. Null: the lease was lost. */
  async setName(id: string, token: string, naming: Naming): Promise<T | null> {
    const { name, c } = this.table;
    const { filename, key, finalKey } = naming;
    const sql = `UPDATE ${name} SET ${c.filename} = $3, ${c.key} = $4, ${c.finalKey} = $5
      WHERE ${c.id} = $1 AND ${c.leaseToken} = $2 AND ${c.offset} = 0 AND ${DURABLE}
      RETURNING ${this.table.all}`;
    const parameters = [id, token, filename, key, finalKey];
    const rows = await this.table.query(sql, parameters).catch((error: unknown) => {
      refuseValues(error, { filename, creator: null, fields: {} });
      throw error;
    });
    return this.table.first(rows);
  }

  /** Keeps what `onComplete` answered, in its transaction. */
  async setResponse(id: string, response: unknown, manager: EntityManager): Promise<void> {
    const { name, c } = this.table;
    const sql = `UPDATE ${name} SET ${c.response} = $2 WHERE ${c.id} = $1`;
    await this.table.query(sql, [id, asPlainJson(response)], manager);
  }

  /** Removes the row; false: there was none. */
  async remove(id: string): Promise<boolean> {
    const { name, c } = this.table;
    const sql = `DELETE FROM ${name} WHERE ${c.id} = $1 AND ${DURABLE} RETURNING ${c.id}`;
    return (await this.table.query(sql, [id])).length > 0;
  }

  /**
   * Runs `work` in one transaction on a connection of its own. Each of its statements has the time
   * limit, and so have the BEGIN, the COMMIT and a ROLLBACK.
   */
  async transaction<R>(
    work: (manager: EntityManager) => Promise<R>,
    options?: TransactionOptions,
  ): Promise<R> {
    return this.table.connections.transaction(work, options);
  }

  async #insert(row: NewRow, extra: object, manager?: EntityManager): Promise<T> {
    const { fields, ...upload } = row;
    const expiresAt =
      this.expiry.ms === null
        ? null
        : () => `clock_timestamp() + ${this.expiry.ms} * interval '1 millisecond'`;
    const insert = async (within: EntityManager): Promise<InsertResult> =>
      within
        .createQueryBuilder()
        .insert()
        .into(this.table.entity)
        .values({ ...fields, ...upload, createdAt: nowDurably, expiresAt, ...extra } as never)
        .returning(this.table.all)
        .updateEntity(false)
        .execute();
    const result = await this.table.connections.run(insert, manager).catch((error: unknown) => {
      refuseValues(error, row);
      throw error;
    });
    return this.table.hydrate((result.raw as Row[])[0] ?? {});
  }
}
