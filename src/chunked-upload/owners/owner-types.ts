import type { EntityManager } from 'typeorm';
import { ChunkedUploadError, failOption, hasCode } from '../chunked-upload.errors.js';
import type { OwnerTarget } from '../chunked-upload.inputs.js';
import type { UploadContext } from '../chunked-upload.context.js';
import type { CanAttach, OwnerEntity, OwnerOptions } from './owner-options.js';
import type { Connections } from '../database/connections.js';
import type { OwnerKey } from '../database/owned-upload.repository.js';
import { OwnerTable, type PrimaryKey, keyText } from '../database/owner-table.js';

const LONGEST_QUOTE = 50;

/** An owner that is there. */
export interface Owner extends OwnerKey {
  readonly record: object;
}

/** What TypeORM tells of a record that it removed. */
export interface RemovedRecord {
  readonly entityClass: unknown;
  readonly record: unknown;
  readonly id: PrimaryKey;
}

interface OwnerType {
  readonly name: string;
  readonly options: OwnerOptions;
  readonly table: OwnerTable;
}

/** What the uploads of one type may belong to. */
export class OwnerTypes {
  readonly #types: ReadonlyMap<string, OwnerType>;

  /** @throws TypeError with a sentence that names the option */
  constructor(owners: ReadonlyMap<string, OwnerOptions>, connections: Connections) {
    const { dataSource } = connections;
    this.#types = new Map(
      Array.from(owners, ([name, options]) => {
        const { entity } = options;
        if (!dataSource.hasMetadata(entity)) {
          failOption(
            'owners',
            `of "${name}": ${entity.name} is not an entity of the data source: list it in its ` +
              `"entities", or import TypeOrmModule.forFeature([${entity.name}])`,
          );
        }
        if (dataSource.getMetadata(entity).primaryColumns.length !== 1) {
          failOption(
            'owners',
            `of "${name}": ${entity.name} must have a primary key of one column, such as @PrimaryGeneratedColumn() id`,
          );
        }
        return [name, { name, options, table: new OwnerTable(connections, entity) }];
      }),
    );
  }

  /** What an `owner_type` may say. */
  get names(): string[] {
    return [...this.#types.keys()];
  }

  /**
   * The owner that a request names; null where it names none.
   * @throws ChunkedUploadError `invalid_field`, about `owner_type` or `owner_id`
   */
  async findNamed(
    type: string | null | undefined,
    id: string | null | undefined,
    manager?: EntityManager,
  ): Promise<Owner | null> {
    const named = type ?? null;
    const numbered = id ?? null;
    if (named !== null && numbered !== null) return this.find(named, numbered, manager);
    if (named === null && numbered === null) return null;
    throw refused(
      named === null ? 'owner_type' : 'owner_id',
      'Send both owner_type and owner_id, or neither.',
    );
  }

  /** As an upload's row names the owner: with the id as the record says it, where there is one. */
  async canonical({ type, id }: OwnerKey): Promise<OwnerKey> {
    if (!this.#types.has(type)) return { type, id };
    const found = await this.#type(type).table.find(id);
    const ownId = found.record && this.#type(type).table.idOf(found.record);
    return { type, id: ownId ?? id };
  }

  /**
   * The owner that an upload has been given to; null also where it is gone, and the upload outlives
   * it.
   * @throws ChunkedUploadError `invalid_field`, about `owner_type` or `owner_id`
   */
  async findAttached(type: string | null, id: string | null): Promise<Owner | null> {
    if (type === null || id === null) return null;
    const { options } = this.#type(type);
    return this.find(type, id).catch((error: unknown) => {
      if (hasCode(error, 'invalid_field') && options.keep) return null;
      throw error;
    });
  }

  /**
   * The owner with the id as its own record says it. Soft-deleted records are none.
   * @throws ChunkedUploadError `invalid_field`, about `owner_type` or `owner_id`
   */
  async find(type: string, id: string, manager?: EntityManager): Promise<Owner> {
    const { table } = this.#type(type);
    const { record, cause } = await table.find(id, manager);
    const ownId = record && table.idOf(record);
    if (!record || ownId === null) throw missing(type, id, cause);
    return { type, id: ownId, record };
  }

  /**
   * Keeps the owner in place until the transaction ends, in which an upload is given to it.
   * @throws ChunkedUploadError `invalid_field` if it was removed meanwhile
   */
  async hold(owner: OwnerKey, manager: EntityManager): Promise<void> {
    const there = await this.#type(owner.type).table.lock(owner.id, manager);
    if (!there) throw missing(owner.type, owner.id);
  }

  /** @throws ChunkedUploadError `invalid_field` if this caller may not attach files to it */
  async authorize(owner: Owner, context: UploadContext): Promise<void> {
    const { options } = this.#type(owner.type);
    if (!options.canAttach) return;
    // What is not typed may answer anything, such as an object that looks like a yes.
    const canAttach = options.canAttach as CanAttach<object, unknown>;
    const answer: unknown = await canAttach.call(options, owner.record, context);
    if (answer === true) return;
    throw refused('owner_id', `You may not attach files to this ${owner.type}.`);
  }

  /**
   * Name and id of an owner: of an entity, or as given. The nearest class of an entity counts.
   * @throws ChunkedUploadError `invalid_field` where there is no such class, or it has several names
   */
  keyOf(target: OwnerTarget): OwnerKey {
    const types = this.#typesOf(target);
    const [key, ...others] = keysIn(
      types.filter((type) => isNearest(type, types)),
      target,
    );
    if (key && others.length === 0) return key;
    const sentence = `${className(target)} has several names among the owners: give type and id.`;
    throw refused('owner_type', sentence);
  }

  /**
   * By all the names under which an entity may own uploads.
   * @throws ChunkedUploadError `invalid_field` where there are none
   */
  keysOf(target: OwnerTarget): OwnerKey[] {
    return keysIn(this.#typesOf(target), target);
  }

  /** What a removed record was to the uploads that do not outlive it. */
  keysOfRemoved({ entityClass, record, id }: RemovedRecord): OwnerKey[] {
    const ownId = keyText(id);
    if (ownId === null) return [];
    return this.#mortal
      .filter(({ options: { entity } }) => {
        const isSubclass = (entityClass as OwnerEntity | null)?.prototype instanceof entity;
        return isSubclass || entityClass === entity || record instanceof entity;
      })
      .map(({ name }) => ({ type: name, id: ownId }));
  }

  /** Tables of the owners that their uploads do not outlive, by name. */
  get tables(): ReadonlyMap<string, OwnerTable> {
    return new Map(this.#mortal.map(({ name, table }) => [name, table]));
  }

  /** Names of those to which anybody may attach files. */
  get openToAll(): string[] {
    return [...this.#types.values()]
      .filter(({ options }) => !options.canAttach)
      .map(({ name }) => name);
  }

  get #mortal(): OwnerType[] {
    return [...this.#types.values()].filter(({ options }) => !options.keep);
  }

  #type(name: string): OwnerType {
    const type = this.#types.get(name);
    if (type) return type;
    const names = this.names.join(', ');
    const help = names === '' ? 'These uploads cannot have owners.' : `Known: ${names}.`;
    throw refused('owner_type', `Unknown owner type "${quote(name)}". ${help}`);
  }

  #typesOf(target: object): OwnerType[] {
    return [...this.#types.values()].filter(({ options }) => target instanceof options.entity);
  }
}

function isNearest({ options: { entity } }: OwnerType, among: readonly OwnerType[]): boolean {
  return !among.some(({ options: other }) => other.entity.prototype instanceof entity);
}

function keysIn(types: readonly OwnerType[], target: OwnerTarget): OwnerKey[] {
  if (types.length === 0) return [keyFrom(target)];
  return types.map(({ name, table }) => {
    const id = table.idOf(target);
    if (id === null) throw refused('owner_id', `This ${name} has no id yet, or no longer.`);
    return { type: name, id };
  });
}

function keyFrom(target: object): OwnerKey {
  const { type, id } = target as { type?: unknown; id?: PrimaryKey };
  const given = ['string', 'number', 'bigint'].includes(typeof id) ? keyText(id) : null;
  if (typeof type === 'string' && given !== null) return { type, id: given };
  throw refused('owner_type', `${className(target)} is not among the owners of these uploads.`);
}

function className(target: object): string {
  const { constructor } = target as { constructor?: { name: string } };
  return constructor?.name ?? 'This';
}

function missing(type: string, id: string, cause?: unknown): ChunkedUploadError {
  return refused('owner_id', `There is no ${type} "${quote(id)}".`, cause);
}

function refused(field: string, sentence: string, cause?: unknown): ChunkedUploadError {
  return ChunkedUploadError.invalidField(field, sentence, cause);
}

function quote(text: string): string {
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
}
