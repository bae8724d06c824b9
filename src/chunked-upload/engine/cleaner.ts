import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { ExpiryRepository } from '../database/expiry.repository.js';
import { type ReconcileOptions, type ReconcileResult, reconcile } from './reconcile.js';
import {
  type RemoveExpiredOptions,
  type RemoveExpiredResult,
  removeExpired,
} from './remove-expired.js';
import type { UploadEngine } from './upload-engine.js';

/** Says which of these uploads' bytes are to stay. */
export interface KeepsBytes {
  keepsBytesOf(ids: string[]): Promise<Set<string>>;
}

/** The clean-up of one upload type. */
export class Cleaner<T extends AbstractChunkedUpload> implements KeepsBytes {
  constructor(
    private readonly engine: UploadEngine<T>,
    private readonly expiry: ExpiryRepository<T>,
    /** Those of all types of the application: they may share a storage and a folder. */
    private readonly all: () => readonly KeepsBytes[],
    /** Told of each reconciliation that was to change something. */
    private readonly reconciled: (result: ReconcileResult) => void,
  ) {}

  async removeExpired(options: RemoveExpiredOptions<T>): Promise<RemoveExpiredResult> {
    return removeExpired(this.engine, this.expiry, options);
  }

  async reconcile(options: ReconcileOptions): Promise<ReconcileResult> {
    const claimed = async (ids: string[]): Promise<Set<string>> => {
      const kept = await Promise.all(this.all().map((type) => type.keepsBytesOf(ids)));
      return new Set(kept.flatMap((some) => [...some]));
    };
    const result = await reconcile(this.engine, this.expiry, claimed, options);
    if (!options.dryRun) this.reconciled(result);
    return result;
  }

  async keepsBytesOf(ids: string[]): Promise<Set<string>> {
    // Asked before the records: a row is written before its writer ends.
    const receiving = ids.filter((id) => this.engine.writers.isReceiving(id));
    const recorded = await this.expiry.withBytes(ids);
    return new Set([...receiving, ...recorded]);
  }
}
