import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { ChunkedUploadStatus } from '../chunked-upload.entity.js';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { UploadContext } from '../chunked-upload.options.js';
import type { ChunkedUploadRepository } from '../database/chunked-upload.repository.js';
import type { LeaseRepository } from '../database/lease.repository.js';
import type { Scope } from '../database/upload-table.js';
import { sameChecksum } from '../checksum/checksum.js';
import { checkAnnounced, checkFinal, sizeLimits } from '../policies/size-limits.js';
import { storageFailure } from '../storage/storage-failure.js';
import type { StoredFile } from '../storage/storage.provider.js';
import { parseUploadId } from '../upload-id.js';
import { type Reception, type ReceptionInput, receive } from './reception.js';
import type { UploadType } from './upload-type.js';
import type { Writer } from './writer.js';
import { Writers } from './writers.js';

/** The application itself, in place of a caller. */
export const APPLICATION: UploadContext = { creator: null };

/** The parts of one upload type that its use cases work with, and the steps that they share. */
export class UploadEngine<T extends AbstractChunkedUpload> {
  readonly writers: Writers<T>;

  constructor(
    readonly type: UploadType,
    readonly repository: ChunkedUploadRepository<T>,
    readonly leases: LeaseRepository<T>,
  ) {
    this.writers = new Writers(leases, type.leaseMs);
  }

  /** Whose uploads this caller may touch. */
  scope(context: UploadContext | undefined): Scope {
    return context && this.type.userRestricted ? { creator: context.creator } : undefined;
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
      void target.close();
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

  /** Holds what a request says about sizes against the limits of its caller. */
  async checkAnnounced(context: UploadContext | undefined, end: number, total: number | null) {
    for (const size of [end, total ?? 0]) {
      if (Number.isSafeInteger(size) && size >= 0) continue;
      throw ChunkedUploadError.malformedRequest('Offset, length and total must be whole numbers');
    }
    const limits = await sizeLimits(this.type, context ?? APPLICATION);
    checkAnnounced(limits, { end, total }, this.type.fieldName);
    return limits;
  }

  /** Holds the file as it is against the limits of its caller. */
  async checkFinal(context: UploadContext | undefined, size: number): Promise<void> {
    const limits = await sizeLimits(this.type, context ?? APPLICATION);
    checkFinal(limits, size, this.type.fieldName);
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
