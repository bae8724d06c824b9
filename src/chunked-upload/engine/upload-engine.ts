import type { EntityManager } from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { ChunkedUploadStatus } from '../chunked-upload.entity.js';
import { ChunkedUploadError, hasCode } from '../chunked-upload.errors.js';
import { APPLICATION, type UploadContext } from '../chunked-upload.context.js';
import { creatorIn } from '../creator.js';
import type { ChunkedUploadRepository } from '../database/chunked-upload.repository.js';
import type { AbortRepository } from '../database/abort.repository.js';
import type { LeaseRepository } from '../database/lease.repository.js';
import type { Scope } from '../database/upload-table.js';
import { type ReadBack, sameChecksum } from '../checksum/checksum.js';
import type { UploadEvents } from '../events/upload-events.js';
import { countedStream } from '../memory/counted-stream.js';
import type { UploadMeasurements } from '../measurements/upload-measurements.js';
import type { PolicySubject } from '../policies/upload.policy.js';
import { isStorageTimeout, limitedSteps } from '../storage/limited-storage.js';
import { storageFailure } from '../storage/storage-failure.js';
import type {
  OpenOptions,
  StorageState,
  StorageWriter,
  StoredFile,
} from '../storage/storage.provider.js';
import { parseUploadId } from '../upload-id.js';
import {
  type Reception,
  type ReceptionInput,
  type WholeFile,
  receive,
  receiveWhole,
} from './reception.js';
import { UploadRules } from './upload-rules.js';
import type { UploadType } from './upload-type.js';
import type { Writer } from './writer.js';
import { Writers } from './writers.js';

/** What of a reception is the same for all of one type. */
type SetHere = 'checksum' | 'fieldName' | 'readBack';

/** The parts of one upload type that its use cases work with, and the steps that they share. */
export class UploadEngine<T extends AbstractChunkedUpload> {
  readonly writers: Writers<T>;
  readonly rules: UploadRules;

  constructor(
    readonly type: UploadType,
    readonly repository: ChunkedUploadRepository<T>,
    readonly leases: LeaseRepository<T>,
    readonly aborts: AbortRepository<T>,
    readonly events: UploadEvents<T>,
    readonly measurements: UploadMeasurements,
  ) {
    this.writers = new Writers(leases, type.leaseMs, measurements, type.callTimeoutMs);
    this.rules = new UploadRules(type);
  }

  /** Whose uploads this caller may touch. */
  scope(context: UploadContext | undefined): Scope {
    if (!context) return undefined;
    if (context.access) return context.access === 'all' ? undefined : context.access;
    return this.type.userRestricted ? { creators: [creatorIn(context)] } : undefined;
  }

  /**
   * @param manager of the host's transaction, if the caller is in one: it holds a connection already
   * @throws ChunkedUploadError `not_found`, also for an id that is none
   */
  async find(id: string, context: UploadContext | undefined, manager?: EntityManager): Promise<T> {
    const upload = await this.repository.findOne(requireId(id), this.scope(context), manager);
    if (!upload) throw ChunkedUploadError.notFound();
    return upload;
  }

  /** Moves a body into the storage, and has `commit` commit it. */
  async receive<R>(
    file: StoredFile,
    total: number | null,
    input: Omit<ReceptionInput, SetHere>,
    commit: (received: Reception) => Promise<R>,
  ): Promise<R> {
    const { checksum, fieldName } = this.type;
    const { offset, length, writer } = input;
    return this.#writing(file, { offset, length, total }, writer, async (target) => {
      if (writer.lease.contested && offset > 0) await this.#keepPlace(target, writer);
      const whole = { ...input, checksum, fieldName, readBack: this.readBack(file) };
      return receive(whole, target, commit);
    });
  }

  /**
   * Commits where a contested writer has put the bytes that were there before it, and nothing of its
   * own. That may have taken long: else each request that breaks off would cost it once more.
   */
  async #keepPlace(target: StorageWriter, writer: Writer): Promise<void> {
    const storageState = await target.sync().catch(storageFailure);
    const { uploadId, lease, offset } = writer;
    await this.commit(writer, () =>
      this.leases.keepPlace(uploadId, lease, { offset, storageState }),
    );
    target.committed?.();
    writer.hasCommitted(offset);
  }

  /**
   * Runs the one statement by which a writer commits.
   * @returns what it gives
   * @throws ChunkedUploadError, see `lost`, where it gives nothing: the lease is another's
   */
  async commit<R>(writer: Writer, statement: () => Promise<R | null | false>): Promise<R> {
    // Counted from before the statement, so that our clock never outlasts the database's.
    const leasedUntil = performance.now() + this.type.leaseMs;
    const result = await writer.settle(({ committing }) => {
      committing();
      return statement();
    });
    if (!result) throw await this.lost(writer);
    writer.extendLease(leasedUntil);
    return result;
  }

  /** Moves a whole file into the storage and, once `judge` has agreed to it, finishes it there. */
  async receiveWhole<R>(
    file: StoredFile,
    input: Omit<ReceptionInput, SetHere | 'offset' | 'checkpoint' | 'checksumState'>,
    judge: (received: WholeFile) => Promise<R>,
  ): Promise<{ judged: R; received: WholeFile; storageState: StorageState | null }> {
    const { storage, checksum, fieldName } = this.type;
    const { length, writer } = input;
    const place = { offset: 0, checkpoint: null, checksumState: null, readBack: null } as const;
    const whole = { ...input, ...place, checksum, fieldName };
    return this.#writing(file, { offset: 0, length, total: length }, writer, async (target) => {
      const received = await receiveWhole(whole, target);
      const judged = await judge(received);
      const finish = async (): Promise<StorageState | null> => {
        if (target.finish) return target.finish();
        const written = { ...file, storageState: await target.sync() };
        return storage.finish(written, received.size, writer.lease);
      };
      return { judged, received, storageState: await finish().catch(storageFailure) };
    });
  }

  /** Makes the storage know a file of no bytes. */
  async storeNothing(file: StoredFile, writer: Writer): Promise<StorageState | null> {
    const nothing = { offset: 0, length: 0, total: 0 };
    return this.#writing(file, nothing, writer, (target) => target.sync().catch(storageFailure));
  }

  async #writing<R>(
    file: StoredFile,
    place: Pick<OpenOptions, 'offset' | 'length' | 'total'>,
    writer: Writer,
    work: (target: StorageWriter) => Promise<R>,
  ): Promise<R> {
    writer.hasOpened = true;
    const options = { ...place, ...writer.lease, signal: writer.stopped };
    const target = await this.type.storage.open(file, options).catch(storageFailure);
    try {
      return await work(target);
    } finally {
      // Nobody has to wait for it: all that was written is synced, or given up.
      target.close().catch(() => undefined);
    }
  }

  /** Reads bytes of an unfinished upload; null where the storage cannot. */
  readBack(file: StoredFile): ReadBack | null {
    const { storage } = this.type;
    const read = storage.readUnfinished?.bind(storage);
    if (!read) return null;
    return async (start, end) => {
      const stream = await countedStream((nextChunk) =>
        read(file, { start, end: end - 1 }, { nextChunk }).catch(storageFailure),
      );
      return limitedSteps(stream, this.type.callTimeoutMs, 'readUnfinished');
    };
  }

  /** The checksum in hex of all bytes of an unfinished upload; null where the type has none. */
  async checksumOf(upload: T): Promise<string | null> {
    const { id, offset, checksumState: state } = upload;
    const { checksum } = this.type;
    return (await checksum?.digest({ id, state, offset }, this.readBack(upload))) ?? null;
  }

  /** Gives the lease of a writer back that ends with an error, as far as may be. */
  async giveBack(writer: Writer, error: unknown): Promise<void> {
    // The call may still write: the lease runs out by itself, and tells the next writer so.
    if (isStorageTimeout(error) && writer.hasWritten) return;
    // The commit may still be carried out, and is then as good as any: nothing waits for its row.
    if (writer.isUnsettled) this.writers.abandon(writer.token);
    else await this.writers.release(writer);
  }

  /** @throws ChunkedUploadError `checksum_required` */
  requireChecksum(given: string | null | undefined): void {
    const { checksum } = this.type;
    if (checksum && !given) throw ChunkedUploadError.checksumRequired(checksum.algorithm);
  }

  /** @throws ChunkedUploadError `checksum_mismatch` */
  compareChecksum(sum: string | null, given: string | null | undefined): void {
    const { checksum } = this.type;
    if (checksum && sum !== null && !sameChecksum(sum, given ?? '')) {
      throw ChunkedUploadError.checksumMismatch(checksum.algorithm);
    }
  }

  /** Asks the rules about an upload that has a row. */
  async ask(
    stage: PolicySubject['stage'],
    upload: T,
    now: Pick<PolicySubject, 'size' | 'total' | 'mimeType'>,
    context: UploadContext | undefined,
  ): Promise<void> {
    const { id, filename, ownerType, ownerId } = upload;
    const fields = this.type.fields?.of(upload) ?? {};
    const subject = { ...now, stage, id, filename, ownerType, ownerId, fields };
    await this.rules.ask(subject, context ?? APPLICATION);
  }

  /** Bytes that vanish while they are written have mostly gone with their record. */
  async whyBytesAreGone(error: unknown, writer: Writer): Promise<unknown> {
    if (!hasCode(error, 'bytes_missing')) return error;
    const reason = await this.lost(writer);
    return reason.code === 'busy' ? error : reason;
  }

  /**
   * For the `catch` of a call that opens a finished file: one that is missing has mostly gone with its
   * record, since that was read. @throws always
   */
  async readFailure(error: unknown, id: string): Promise<never> {
    const isMissing = hasCode(error, 'bytes_missing');
    if (isMissing && !(await this.repository.findOne(id, undefined))) {
      throw ChunkedUploadError.notFound();
    }
    return storageFailure(error);
  }

  /** Why a writer's token is no longer in the row. */
  async lost(writer: Writer): Promise<ChunkedUploadError> {
    const said = writer.stopReason?.answer;
    // A renewal may have seen a removal half-way: the row is marked first, and goes last.
    if (said && said.code !== 'busy' && said.code !== 'aborted') return said;
    const upload = await this.repository.findOne(writer.uploadId, undefined);
    if (!upload) return ChunkedUploadError.notFound().endingRequest();
    const aborted = upload.status === ChunkedUploadStatus.Aborted;
    return (aborted ? ChunkedUploadError.aborted() : ChunkedUploadError.busy()).endingRequest();
  }
}

/** @throws ChunkedUploadError `not_found`: what is no id names no upload */
export function requireId(id: string): string {
  const parsed = parseUploadId(id);
  if (parsed === null) throw ChunkedUploadError.notFound();
  return parsed;
}
