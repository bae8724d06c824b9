import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { DataSource, EntityManager } from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { OwnerTarget } from '../chunked-upload.inputs.js';
import type {
  OwnedFilter,
  OwnedUploadRepository,
  OwnerKey,
} from '../database/owned-upload.repository.js';
import { inParallel } from '../engine/in-parallel.js';
import { overWithin } from '../engine/over-within.js';
import type { UploadEngine } from '../engine/upload-engine.js';
import { OwnerRemovalSubscriber, type RemovableUploads } from './owner-removal.subscriber.js';
import type { OwnerTypes, RemovedRecord } from './owner-types.js';

/** The host's request that removed an owner waits this long for the bytes, in milliseconds. */
const PATIENCE_MS = 1000;
const AT_ONCE = 8;

/** The uploads of one type and the records of the host that they belong to. */
export class OwnedUploads<T extends AbstractChunkedUpload>
  implements RemovableUploads<T>, OnModuleInit, OnApplicationShutdown
{
  readonly #logger = new Logger('ChunkedUpload');
  readonly #removals = new Set<Promise<unknown>>();

  constructor(
    private readonly engine: UploadEngine<T>,
    readonly repository: OwnedUploadRepository<T>,
    private readonly dataSource: DataSource,
  ) {}

  get owners(): OwnerTypes {
    return this.engine.type.owners;
  }

  onModuleInit(): void {
    if (this.owners.tables.size > 0) OwnerRemovalSubscriber.of(this.dataSource).add(this);
  }

  async onApplicationShutdown(): Promise<void> {
    OwnerRemovalSubscriber.of(this.dataSource).delete(this);
    await Promise.all(this.#removals);
  }

  async find(owners: readonly OwnerTarget[], filter: OwnedFilter): Promise<T[]> {
    const keys = await this.#keysOf(owners);
    return keys.length > 0 ? this.repository.find(keys, filter) : [];
  }

  /** Of one id that was given as such the record is asked how it writes it; an entity knows its own. */
  async #keysOf(owners: readonly OwnerTarget[]): Promise<OwnerKey[]> {
    const keys = owners.flatMap((owner) => this.owners.keysOf(owner));
    const [key, ...others] = keys;
    if (!key || others.length > 0) return keys;
    const isEntity = Object.getPrototypeOf(owners[0]) !== Object.prototype;
    return isEntity ? keys : [await this.owners.canonical(key)];
  }

  async removeRecordsOf(removed: readonly RemovedRecord[], manager: EntityManager): Promise<T[]> {
    const keys = removed.flatMap((each) => this.owners.keysOfRemoved(each));
    return keys.length > 0 ? this.repository.removeOf(keys, manager) : [];
  }

  /** Never fails: what led here is committed, and bytes without a record are found later. */
  async removeBytesOf(uploads: readonly T[], manager: EntityManager): Promise<void> {
    try {
      // A savepoint that was rolled back has restored some.
      const ids = uploads.map(({ id }) => id);
      const existing = await this.repository.existing(ids, manager);
      const gone = uploads.filter(({ id }) => !existing.has(id));
      for (const upload of gone) this.engine.events.emit('removed', upload);
      const removal = inParallel(gone, AT_ONCE, async (upload) => this.#removeBytes(upload));
      this.#removals.add(removal);
      void removal.finally(() => this.#removals.delete(removal));
      await overWithin(removal, PATIENCE_MS);
    } catch (error) {
      for (const { id } of uploads) this.#warn(id, error);
    }
  }

  async #removeBytes(upload: T): Promise<void> {
    try {
      await this.engine.writers.stop(upload.id, ChunkedUploadError.notFound());
      await this.engine.type.storage.remove(upload);
    } catch (error) {
      this.#warn(upload.id, error);
    }
  }

  #warn(id: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#logger.warn(`Upload ${id} went with its owner, but its bytes are still there: ${reason}`);
  }
}
