import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../chunked-upload.entity.js';
import type { ExpiryRepository, StoredRecord } from '../database/expiry.repository.js';
import { grace as graceTime } from './duration.js';
import { storageFailure } from '../storage/storage-failure.js';
import type { StoredBytes } from '../storage/storage.provider.js';
import { uploadFolder, uploadIdOf } from '../storage/upload-keys.js';
import { inParallel } from './in-parallel.js';
import type { UploadEngine } from './upload-engine.js';
import type { UploadType } from './upload-type.js';

const BATCH_SIZE = 500;
const AT_ONCE = 8;
const HOUR_MS = 3_600_000;

/** Which of these uploads' bytes are to stay: those of a record, or of a request that receives. */
export type Claimants = (ids: string[]) => Promise<Set<string>>;

export interface ReconcileOptions {
  /** Removes nothing. */
  readonly dryRun?: boolean;
  /**
   * How long bytes without a record are kept after the last of them was written: milliseconds, or a
   * duration such as `'2h'`. Default: an hour, or twice `leaseTime` if that is longer. A first chunk
   * that another process is receiving has no record yet, and may be silent for half an hour: choose
   * less only while no other process takes uploads.
   */
  readonly grace?: number | string;
  /** Called for each finding. */
  readonly report?: (finding: Finding) => void;
  /** Ends the run after the current batch. */
  readonly signal?: AbortSignal;
}

/** Bytes that no record knows. */
export interface StrayBytes extends StoredBytes {
  readonly kind: 'stray';
  /** Why they are still there; null: they are gone, or with `dryRun` would be. */
  readonly failure: Error | null;
}

/** A record whose bytes are gone from the storage, or are too few. */
export interface MissingBytes {
  readonly kind: 'missing';
  readonly id: string;
  readonly key: string;
  readonly status: ChunkedUploadStatus;
  /** How many there must be. */
  readonly size: number;
}

export type Finding = StrayBytes | MissingBytes;

/** With `dryRun`: what would have been done. */
export interface ReconcileResult {
  /** Keys without a record whose bytes were removed. */
  readonly removed: number;
  /** How many bytes that were. */
  readonly bytes: number;
  /** Keys without a record whose bytes could not be removed. */
  readonly failed: number;
  /** Records without their bytes. */
  readonly missing: number;
}

/**
 * Compares storage and records, both ways. Removes bytes without a record, and what a writer that came
 * late has left beside a complete file, or where an upload was before it had its name. Records without
 * bytes are only reported: a folder that is not mounted must not cost them.
 */
export async function reconcile<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  expiry: ExpiryRepository<T>,
  claimed: Claimants,
  options: ReconcileOptions,
): Promise<ReconcileResult> {
  const { grace = Math.max(HOUR_MS, 2 * engine.type.leaseMs) } = options;
  const graceMs = graceTime(grace);
  const result = { removed: 0, bytes: 0, failed: 0, missing: 0 };
  for await (const stray of strays(engine, expiry, claimed, graceMs, options)) {
    if (stray.failure) result.failed += 1;
    else {
      result.removed += 1;
      result.bytes += stray.size;
    }
    options.report?.(stray);
  }
  for await (const missing of recordsWithoutBytes(engine, expiry, options)) {
    result.missing += 1;
    options.report?.(missing);
  }
  return result;
}

async function* strays<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  expiry: ExpiryRepository<T>,
  claimed: Claimants,
  graceMs: number,
  { dryRun, signal }: ReconcileOptions,
): AsyncGenerator<StrayBytes> {
  const { type } = engine;
  const { storage } = type;
  const judge = async (batch: readonly StoredBytes[]): Promise<StrayBytes[]> => {
    const idOf = ({ key }: StoredBytes): string => uploadIdOf(type, key) ?? '';
    const ids = [...new Set(batch.map(idOf))];
    const kept = await claimed(ids);
    const records = await recordsOf(expiry, [...kept]);
    // What is to be called: nothing, where the bytes are to stay.
    const removals = batch.flatMap((bytes) => {
      const { key } = bytes;
      const id = idOf(bytes);
      const record = records.get(id);
      if (!kept.has(id) || (record && isElsewhere(bytes, record, type))) {
        const file = { key, finalKey: key, storageState: null };
        return [{ bytes, remove: () => storage.remove(file) }];
      }
      if (!storage.removeLeftovers || !record || !isLeftover(bytes, record)) return [];
      return [{ bytes, remove: async () => storage.removeLeftovers?.(record) }];
    });
    return inParallel(removals, AT_ONCE, async ({ bytes, remove }) => {
      const failure = dryRun
        ? null
        : await remove()
            .catch(storageFailure)
            .then(() => null, asError);
      const { key, size, modifiedAt } = bytes;
      return { kind: 'stray', key, size, modifiedAt, failure };
    });
  };
  let batch = new Map<string, StoredBytes>();
  const listed = storage.list(uploadFolder(type))[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await listed.next().catch(storageFailure);
      if (!done && uploadIdOf(type, value.key) !== null) {
        const silentFor = Date.now() - value.modifiedAt.getTime();
        const name = `${value.key} ${value.finished ?? ''}`;
        if (silentFor >= graceMs) batch.set(name, value);
      }
      if (!done && batch.size < BATCH_SIZE) continue;
      yield* await judge([...batch.values()]);
      batch = new Map();
      if (done || signal?.aborted) return;
    }
  } finally {
    // Also where the database is away: a listing may hold a folder open.
    await listed.return?.();
  }
}

/** By their ids. */
async function recordsOf<T extends AbstractChunkedUpload>(
  expiry: ExpiryRepository<T>,
  ids: string[],
): Promise<Map<string, StoredRecord>> {
  const records = ids.length > 0 ? await expiry.recorded(null, ids.length, ids) : [];
  return new Map(records.map((record) => [record.id, record]));
}

/** Whether listed bytes of a complete upload are something else than its file. */
function isLeftover(bytes: StoredBytes, { key, finalKey, status }: StoredRecord): boolean {
  if (status !== ChunkedUploadStatus.Complete) return false;
  return bytes.finished === false || (bytes.key === key && key !== finalKey);
}

/**
 * Whether they lie where their upload was before it had a name, and nobody looks any more. Its key had
 * no extension of the name's then: copies that somebody else has made of other files are left alone.
 */
function isElsewhere(bytes: StoredBytes, record: StoredRecord, type: UploadType): boolean {
  const { id, key, finalKey } = record;
  if (bytes.key === key || bytes.key === finalKey) return false;
  const name = bytes.key.slice(bytes.key.lastIndexOf('/') + 1);
  return name === id + type.incompleteExt || name === id + type.completeExt;
}

async function* recordsWithoutBytes<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  expiry: ExpiryRepository<T>,
  { signal }: ReconcileOptions,
): AsyncGenerator<MissingBytes> {
  const hasBytes = async (record: StoredRecord): Promise<boolean> =>
    engine.type.storage.holds(record, record.offset).catch(storageFailure);
  // Looked at again: it may have been removed, or have moved, between the one look and the other.
  const isMissing = async (record: StoredRecord): Promise<boolean> => {
    if (await hasBytes(record)) return false;
    const [again] = await expiry.recorded(null, 1, [record.id]);
    return again !== undefined && !(await hasBytes(again));
  };
  let after: string | null = null;
  for (;;) {
    const records: StoredRecord[] = await expiry.recorded(after, BATCH_SIZE);
    const missing = await inParallel(records, AT_ONCE, isMissing);
    for (const { id, key, finalKey, status, offset } of records.filter((_, n) => missing[n])) {
      const complete = status === ChunkedUploadStatus.Complete;
      yield { kind: 'missing', id, key: complete ? finalKey : key, status, size: offset };
    }
    after = records.at(-1)?.id ?? null;
    if (records.length < BATCH_SIZE || signal?.aborted) return;
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
