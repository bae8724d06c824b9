import { randomUUID } from 'node:crypto';
import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../chunked-upload.entity.js';
import { ChunkedUploadError, aboutUpload } from '../chunked-upload.errors.js';
import type {
  Doom,
  DoomCursor,
  DoomedPage,
  ExpiryRepository,
} from '../database/expiry.repository.js';
import { storageFailure } from '../storage/storage-failure.js';
import { inParallel } from './in-parallel.js';
import type { UploadEngine } from './upload-engine.js';

const BATCH_SIZE = 100;
/** How many uploads' bytes are removed at once. */
const AT_ONCE = 8;
/** After so many, and no success, the storage is away: the run ends. */
const MOST_FAILURES = 1000;
/** For so long, in milliseconds, a claimed upload is no other cleaner's. */
const CLAIM_MS = 60_000;

export interface RemoveExpiredOptions<T extends AbstractChunkedUpload = AbstractChunkedUpload> {
  /** Also unfinished uploads that have not expired yet; never one that is being written. */
  readonly unfinished?: boolean;
  /** Removes only the bytes: the record stays, as an aborted one, until it is removed by hand. */
  readonly keepRecord?: boolean;
  /** Changes nothing, and reports what would be removed. */
  readonly dryRun?: boolean;
  /** How many are claimed at once. Default: 100. */
  readonly batchSize?: number;
  /** Called before each removal; return false to keep the upload. */
  readonly confirm?: (upload: T) => boolean | Promise<boolean>;
  /** Called for each upload. */
  readonly report?: (removal: Removal<T>) => void;
  /** Ends the run after the current batch. */
  readonly signal?: AbortSignal;
}

/** What happened to one upload. */
export interface Removal<T extends AbstractChunkedUpload = AbstractChunkedUpload> {
  readonly upload: T;
  /** Why it is removed: expired, unfinished, or its owner is gone. */
  readonly reason: Doom;
  /** Why it could not be removed; the next run tries again. Null: it is gone, or would be. */
  readonly failure: Error | null;
}

/** With `dryRun`: what would have been done. */
export interface RemoveExpiredResult {
  /** Uploads that are gone, or with `keepRecord` their bytes. */
  readonly removed: number;
  /** Acknowledged bytes of these. */
  readonly bytes: number;
  /** Uploads whose bytes could not be removed; they are found by the next run. */
  readonly failed: number;
  /** Uploads that `confirm` left alone. */
  readonly declined: number;
  /** The first failure, if there was one. */
  readonly failure: Error | null;
}

/**
 * Removes expired uploads: each is marked first, so that no chunk is taken any more, then its bytes
 * go, then its record. A run that dies in between, or meets a storage that is away, leaves what the
 * next one finds. Each is claimed in the database, so several cleaners share the work.
 */
export async function removeExpired<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  expiry: ExpiryRepository<T>,
  options: RemoveExpiredOptions<T>,
): Promise<RemoveExpiredResult> {
  const result = { removed: 0, bytes: 0, failed: 0, declined: 0, failure: null as Error | null };
  const report = (removal: Removal<T>): void => {
    if (removal.failure) {
      result.failed += 1;
      result.failure ??= removal.failure;
    } else {
      result.removed += 1;
      result.bytes += removal.upload.offset;
    }
    options.report?.(removal);
  };
  const dooms: Doom[] = [options.unfinished ? 'unfinished' : 'expired', 'ownerless'];
  for (const reason of dooms.filter((doom) => expiry.knows(doom))) {
    const remove = new Batches(engine, expiry, reason, options);
    for await (const batch of remove.wanted()) {
      const { confirm } = options;
      for (const group of confirm ? batch.map((upload) => [upload]) : [batch]) {
        const [first] = group;
        if (options.signal?.aborted) return result;
        if (result.failed >= MOST_FAILURES && result.removed === 0) return result;
        if (confirm && first && !(await confirm(first))) result.declined += 1;
        else for (const removal of await remove.removed(group)) report(removal);
      }
    }
  }
  return result;
}

/** One pass over the uploads that are to go for one reason. */
class Batches<T extends AbstractChunkedUpload> {
  constructor(
    private readonly engine: UploadEngine<T>,
    private readonly expiry: ExpiryRepository<T>,
    private readonly reason: Doom,
    private readonly options: RemoveExpiredOptions<T>,
  ) {}

  /** Each once, also those that stay: a storage that is away does not keep the run from its end. */
  async *wanted(): AsyncGenerator<T[]> {
    const { batchSize = BATCH_SIZE, signal } = this.options;
    let after: DoomCursor | null = null;
    for (;;) {
      const page: DoomedPage<T> = await this.expiry.doomed(this.reason, after, batchSize);
      const uploads = page.uploads.filter((upload) => this.#isLeft(upload));
      if (uploads.length > 0) yield uploads;
      if (!page.next || signal?.aborted) return;
      after = page.next;
    }
  }

  /** Whether it is not among those of the pass before. */
  #isLeft({ status }: T): boolean {
    const before = this.reason === 'ownerless' && this.options.unfinished;
    return !before || status === ChunkedUploadStatus.Complete;
  }

  async removed(uploads: T[]): Promise<Removal<T>[]> {
    const { reason, expiry } = this;
    if (this.options.dryRun) return uploads.map((upload) => ({ upload, reason, failure: null }));
    const token = randomUUID();
    const until = performance.now() + CLAIM_MS / 2;
    const ids = uploads.map(({ id }) => id);
    const claimed = await expiry.claim(reason, ids, token, CLAIM_MS);
    if (claimed.length === 0) return [];
    const removals = await inParallel(claimed, AT_ONCE, async (upload) => ({
      upload,
      reason,
      failure: await this.#removeBytes(upload, until),
    }));
    for (const { upload } of removals.filter(({ failure }) => failure)) {
      // The next run need not wait for this claim's end.
      await this.engine.leases.release(upload.id, token, { hasWritten: true, contested: false });
    }
    const without = removals.filter(({ failure }) => !failure).map(({ upload }) => upload.id);
    const gone = this.options.keepRecord
      ? await expiry.keepClaimed(without, token)
      : await expiry.removeClaimed(without, token);
    const before = new Map(uploads.map((upload) => [upload.id, upload]));
    for (const upload of claimed.filter(({ id }) => gone.has(id))) {
      this.#announce(upload, before.get(upload.id) ?? upload);
    }
    // What is neither failed nor gone was removed by somebody else in the meantime.
    return removals.filter(({ upload, failure }) => failure || gone.has(upload.id));
  }

  /** To be called after the commit. `before`: as it was before it was claimed. */
  #announce(claimed: T, before: T): void {
    const { events } = this.engine;
    // A claim moves the time of those that had not expired.
    const expired = before.expiresAt !== null && +before.expiresAt === Number(claimed.expiresAt);
    if (expired) events.emit('expired', before);
    else if (!this.options.keepRecord) events.emit('removed', before);
    else if (before.status !== ChunkedUploadStatus.Aborted) events.emit('aborted', claimed);
  }

  async #removeBytes(upload: T, until: number): Promise<Error | null> {
    const { writers, type } = this.engine;
    try {
      // After that another cleaner may soon come for it, and need not meet this one.
      if (performance.now() > until) {
        throw ChunkedUploadError.unavailable('The storage is too slow: the rest is left for later');
      }
      // One whose lease ran out while the database was away knows nothing of it yet.
      if (!(await writers.stop(upload.id, ChunkedUploadError.expired()))) {
        throw ChunkedUploadError.busy();
      }
      await type.storage.remove(upload).catch(storageFailure);
      return null;
    } catch (error) {
      aboutUpload(error, upload.id);
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}
