import type {
  DataSource,
  EntityManager,
  EntitySubscriberInterface,
  QueryRunner,
  RemoveEvent,
  TransactionCommitEvent,
  TransactionRollbackEvent,
} from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { RemovedRecord } from './owner-types.js';

/** The uploads of one type, as far as they go with their owners. */
export interface RemovableUploads<T extends AbstractChunkedUpload = AbstractChunkedUpload> {
  removeRecordsOf(removed: readonly RemovedRecord[], manager: EntityManager): Promise<T[]>;
  removeBytesOf(uploads: readonly T[], manager: EntityManager): Promise<void>;
}

/** What one transaction has removed so far. */
class RemovalTransaction {
  #records: RemovedRecord[] = [];
  #running: Promise<void> = Promise.resolve();
  readonly #removed = new Map<RemovableUploads, AbstractChunkedUpload[]>();

  constructor(
    private readonly types: ReadonlySet<RemovableUploads>,
    private readonly queryRunner: QueryRunner,
  ) {}

  /** Those that TypeORM removes together share their statements: a connection takes one at a time. */
  remove(record: RemovedRecord): Promise<void> {
    this.#records.push(record);
    if (this.#records.length === 1) {
      // What failed may have been undone by a savepoint.
      this.#running = this.#running.catch(() => undefined).then(() => this.#removeAll());
    }
    return this.#running;
  }

  async #removeAll(): Promise<void> {
    const records = this.#records;
    this.#records = [];
    for (const type of this.types) {
      const removed = await type.removeRecordsOf(records, this.queryRunner.manager);
      this.#removed.set(type, [...(this.#removed.get(type) ?? []), ...removed]);
    }
  }

  async removeBytes(): Promise<void> {
    for (const [type, uploads] of this.#removed) {
      if (uploads.length > 0) await type.removeBytesOf(uploads, this.queryRunner.manager);
    }
  }
}

/**
 * Removes the uploads of owners that TypeORM's `remove()` removes: their records in the same
 * transaction, after the owner's row, for which whoever attaches an upload at this moment has waited
 * or waits; their bytes after the commit.
 */
export class OwnerRemovalSubscriber implements EntitySubscriberInterface {
  readonly #types = new Set<RemovableUploads>();
  readonly #transactions = new WeakMap<QueryRunner, RemovalTransaction>();

  /** The one of this data source. */
  static of(dataSource: DataSource): OwnerRemovalSubscriber {
    const { subscribers } = dataSource;
    const there = subscribers.find((each) => each instanceof OwnerRemovalSubscriber);
    if (there) return there;
    const subscriber = new OwnerRemovalSubscriber();
    subscribers.push(subscriber);
    return subscriber;
  }

  add(type: RemovableUploads): void {
    this.#types.add(type);
  }

  delete(type: RemovableUploads): void {
    this.#types.delete(type);
  }

  async afterRemove(event: RemoveEvent<object>): Promise<void> {
    const { queryRunner, metadata, entityId } = event;
    const record = event.databaseEntity ?? event.entity;
    const transaction =
      this.#transactions.get(queryRunner) ?? new RemovalTransaction(this.#types, queryRunner);
    this.#transactions.set(queryRunner, transaction);
    await transaction.remove({ entityClass: metadata.target, record, id: entityId });
    // The host has asked TypeORM for no transaction: there will be no commit.
    if (!queryRunner.isTransactionActive) await this.#end(queryRunner);
  }

  async afterTransactionCommit({ queryRunner }: TransactionCommitEvent): Promise<void> {
    // The release of a savepoint is called a commit as well.
    if (!queryRunner.isTransactionActive) await this.#end(queryRunner);
  }

  afterTransactionRollback({ queryRunner }: TransactionRollbackEvent): void {
    // After a savepoint's, others of the transaction may still be committed.
    if (!queryRunner.isTransactionActive) this.#transactions.delete(queryRunner);
  }

  async #end(queryRunner: QueryRunner): Promise<void> {
    const transaction = this.#transactions.get(queryRunner);
    this.#transactions.delete(queryRunner);
    await transaction?.removeBytes();
  }
}
