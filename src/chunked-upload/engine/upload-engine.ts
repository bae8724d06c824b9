import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { ChunkedUploadStatus } from '../chunked-upload.entity.js';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import { APPLICATION, type UploadContext } from '../chunked-upload.context.js';
import type { ChunkedUploadRepository } from '../database/chunked-upload.repository.js';
import type { LeaseRepository } from '../database/lease.repository.js';
import type { Scope } from '../database/upload-table.js';
import { sameChecksum } from '../checksum/checksum.js';
import type { UploadEvents } from '../events/upload-events.js';
import type { UploadMeasurements } from '../measurements/upload-measurements.js';
import type { PolicySubject } from '../policies/upload.policy.js';
import { storageFailure } from '../storage/storage-failure.js';
import type { StoredFile } from '../storage/storage.provider.js';
import { parseUploadId } from '../upload-id.js';
import { type Reception, type ReceptionInput, receive } from './reception.js';
import { UploadRules } from './upload-rules.js';
import type { UploadType } from './upload-type.js';
import type { Writer } from './writer.js';
import { Writers } from './writers.js';

/** The parts of one upload type that its use cases work with, and the steps that they share. */
export class UploadEngine<T extends AbstractChunkedUpload> {
  readonly writers: Writers<T>;
  readonly rules: UploadRules;

  constructor(
    readonly type: UploadType,
    readonly repository: ChunkedUploadRepository<T>,
    readonly leases: LeaseRepository<T>,
    readonly events: UploadEvents<T>,
    readonly measurements: UploadMeasurements,
  ) {
    this.writers = new Writers(leases, type.leaseMs, measurements);
    this.rules = new UploadRules(type);
  }

  /** Whose uploads this caller may touch. */
  scope(context: UploadContext | undefined): Scope {
    if (!context) return undefined;
    const { access = this.type.userRestricted ? { creators: [context.creator] } : 'all' } = context;
    return access === 'all' ? undefined : access;
  }

  /** @throws ChunkedUploadError `not_found`, also for an id that is none */
  async find(id: string, context: UploadContext | undefined): Promise<T> {
    const upload = await this.repository.findOne(requireId(id), this.scope(context));
    if (!upload) throw ChunkedUploadError.notFound();
    return upload;
  }

  /** Moves a body into the storage. */
  async receive(
    file: StoredFile,
    total: number | null,
    input: Omit<ReceptionInput, 'checksum' | 'fieldName'>,
  ): Promise<Reception> {
    const { storage, checksum, fieldName } = this.type;
    const { offset, writer } = input;
    const options = { offset, total, token: writer.token };
    const target = await storage.open(file, options).catch(storageFailure);
    try {
      return await receive({ ...input, checksum, fieldName }, target);
    } finally {
      // Nobody has to wait for it: all that was written is synced, or given up.
      target.close().catch(() => undefined);
    }
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
    if (!(error instanceof ChunkedUploadError) || error.code !== 'bytes_missing') return error;
    const reason = await this.lost(writer);
    return reason.code === 'busy' ? error : reason;
  }

  /** Why a writer's token is no longer in the row. */
  async lost(writer: Writer): Promise<ChunkedUploadError> {
    if (writer.stopReason) return writer.stopReason.answer;
    const upload = await this.repository.findOne(writer.uploadId, undefined);
    if (!upload) return ChunkedUploadError.notFound();
    const aborted = upload.status === ChunkedUploadStatus.Aborted;
    return aborted ? ChunkedUploadError.aborted() : ChunkedUploadError.busy();
  }
}

/** @throws ChunkedUploadError `not_found`: what is no id names no upload */
export function requireId(id: string): string {
  const parsed = parseUploadId(id);
  if (parsed === null) throw ChunkedUploadError.notFound();
  return parsed;
}
