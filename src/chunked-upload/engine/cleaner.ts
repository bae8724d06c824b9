import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { ExpiryRepository } from '../database/expiry.repository.js';
import { type ReconcileOptions, type ReconcileResult, reconcile } from './reconcile.js';
import {
  type Removal,
  type RemoveExpiredOptions,
  type RemoveExpiredResult,
  removeExpired,
} from './remove-expired.js';
import type { UploadEngine } from './upload-engine.js';

/** Says which of these uploads' bytes are to stay. */
export interface KeepsBytes {
  keepsBytesOf(ids: string[]): Promise<Set<string>>;
}

/** What one run has removed, by the reason. */
export interface CleanedUp extends Record<Removal['reason'], number> {
  readonly bytes: number;
  /** Whether the records stay. */
  readonly keepRecord: boolean;
}

/** Who is told of what a cleaner has done. */
export interface CleanerJournal {
  /** Of each run that removed something. */
  readonly cleanedUp: (done: CleanedUp) => void;
  /** Of each reconciliation that was to change something. */
  readonly reconciled: (result: ReconcileResult) => void;
}

/** The clean-up of one upload type. */
export class Cleaner<T extends AbstractChunkedUpload> implements KeepsBytes {
  constructor(
    private readonly engine: UploadEngine<T>,
    private readonly expiry: ExpiryRepository<T>,
    /** Those of all types of the application: they may share a storage and a folder. */
    private readonly all: () => readonly KeepsBytes[],
    private readonly journal: CleanerJournal,
  ) {}

  async removeExpired(options: RemoveExpiredOptions<T>): Promise<RemoveExpiredResult> {
    const { keepRecord = false } = options;
    const done = { expired: 0, unfinished: 0, ownerless: 0, bytes: 0, keepRecord };
    const report = (removal: Removal<T>): void => {
      if (!removal.failure) {
        done[removal.reason] += 1;
        done.bytes += removal.upload.offset;
      }
      options.report?.(removal);
    };
    try {
      return await this.removeExpiredUnlogged({ ...options, report });
    } finally {
      // Also of a run that fails half-way.
      const removed = done.expired + done.unfinished + done.ownerless;
      if (removed > 0 && !options.dryRun) this.journal.cleanedUp(done);
    }
  }

  /** The same without a line in the journal: the admin writes its own, which says who did it. */
  async removeExpiredUnlogged(options: RemoveExpiredOptions<T>): Promise<RemoveExpiredResult> {
    return removeExpired(this.engine, this.expiry, options);
  }

  async reconcile(options: ReconcileOptions): Promise<ReconcileResult> {
    const claimed = async (ids: string[]): Promise<Set<string>> => {
      const kept = await Promise.all(this.all().map((type) => type.keepsBytesOf(ids)));
      return new Set(kept.flatMap((some) => [...some]));
    };
    const result = await reconcile(this.engine, this.expiry, claimed, options);
    if (!options.dryRun) this.journal.reconciled(result);
    return result;
  }

  async keepsBytesOf(ids: string[]): Promise<Set<string>> {
    // Asked before the records: a row is written before its writer ends.
    const receiving = ids.filter((id) => this.engine.writers.isReceiving(id));
    const recorded = await this.expiry.withBytes(ids);
    return new Set([...receiving, ...recorded]);
  }
}
