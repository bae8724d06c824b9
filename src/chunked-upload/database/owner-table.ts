import type { EntityManager, EntityTarget, FindOptionsWhere } from 'typeorm';
import type { Connections } from './connections.js';
import { isDataException } from './database-failure.js';

const INTEGERS = ['smallint', 'integer', 'bigint'];
const TEXTS = ['character varying', 'text'];

export type PrimaryKey = string | number | bigint | boolean | Date | null | undefined;

/** A record of the host, or why there is none. */
export interface FoundOwner {
  readonly record: object | null;
  /** The error that a key gave which the column cannot hold. */
  readonly cause?: unknown;
}

/** The table of one kind of owner: an entity of the host's with a primary key of one column. */
export class OwnerTable {
  readonly #target: EntityTarget<object>;
  readonly #key;

  constructor(
    private readonly connections: Connections,
    target: EntityTarget<object>,
  ) {
    this.#target = target;
    const [key] = connections.dataSource.getMetadata(target).primaryColumns;
    if (!key) throw new TypeError('An entity without a primary key cannot own uploads');
    this.#key = key;
  }

  /** The primary key as an upload's row keeps it; null where the entity has none. */
  idOf(record: object): string | null {
    return keyText(this.#key.getEntityValue(record));
  }

  /** @throws ChunkedUploadError `unavailable`; never for what stands in `id` */
  async find(id: string, manager?: EntityManager): Promise<FoundOwner> {
    try {
      // By itself, because an error of the host's transformer looks like any other inside of a query.
      this.#transform(id);
    } catch (cause) {
      return { record: null, cause };
    }
    // Never from a cache: whether it is there decides.
    const options = { where: this.#where(id), cache: false };
    const findOne = async (within: EntityManager) => within.findOne(this.#target, options);
    try {
      return { record: await this.connections.run(findOne, manager) };
    } catch (cause) {
      if (isDataException(cause)) return { record: null, cause };
      throw cause;
    }
  }

  /** Keeps the row from being deleted until the transaction ends. False: it is gone. */
  async lock(id: string, manager: EntityManager): Promise<boolean> {
    const found = await this.connections.run(
      async (within) =>
        within.findOne(this.#target, {
          where: this.#where(id),
          loadEagerRelations: false,
          lock: { mode: 'for_key_share' },
          cache: false,
        }),
      manager,
    );
    return found !== null;
  }

  /**
   * The condition that no row has the key which the text column `id` names. Null where text and key
   * cannot be compared by the database: another type of key, or one with a transformer.
   */
  missing(id: string): string | null {
    const wanted = this.#wanted(id);
    if (wanted === null) return null;
    const { dataSource } = this.connections;
    const { driver } = dataSource;
    const { tablePath } = dataSource.getMetadata(this.#target);
    const name = tablePath.split('.').map((part) => driver.escape(part));
    const key = driver.escape(this.#key.databaseName);
    return `NOT EXISTS (SELECT 1 FROM ${name.join('.')} AS "cu_owner"
      WHERE "cu_owner".${key} = ${wanted})`;
  }

  /** `id` as a value of the key's type, so that the key's index is used; SQL's null if it is none. */
  #wanted(id: string): string | null {
    const type = this.connections.dataSource.driver.normalizeType(this.#key);
    if (this.#key.transformer) return null;
    if (TEXTS.includes(type)) return id;
    if (type === 'uuid') {
      const pattern = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
      return `CASE WHEN ${id} ~* '${pattern}' THEN ${id}::uuid END`;
    }
    if (!INTEGERS.includes(type)) return null;
    return `CASE WHEN ${id} ~ '^-?[0-9]{1,19}$' THEN
      CASE WHEN ${id}::numeric BETWEEN -9223372036854775808 AND 9223372036854775807
      THEN ${id}::bigint END END`;
  }

  #where(id: string): FindOptionsWhere<object> {
    return this.#key.createValueMap(id);
  }

  #transform(id: string): unknown {
    const transformers = [this.#key.transformer ?? []].flat();
    return transformers.reduce((value: unknown, each) => each.to(value) as unknown, id);
  }
}

/** A primary key as text; null for nothing, and for what has no text. */
export function keyText(value: PrimaryKey): string | null {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return value.toISOString();
  const text = String(value);
  return text === '[object Object]' ? null : text;
}
