import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { sameChecksum } from './checksum/checksum.js';
import {
  type AbstractChunkedUpload,
  type ChunkedUpload,
  ChunkedUploadStatus,
} from './chunked-upload.entity.js';
import { ChunkedUploadError } from './chunked-upload.errors.js';
import type { UploadContext } from './chunked-upload.options.js';
import type { ChunkedUploadRepository, Scope } from './chunked-upload.repository.js';
import type {
  BeginInput,
  AppendInput,
  CompleteInput,
  CompletedUpload,
  FindInput,
  Late,
  UploadFields,
  WholeInput,
} from './chunked-upload.service.types.js';
import { Completion } from './completion.js';
import { checkAnnounced, checkFinal, sizeLimits } from './policies/size-limits.js';
import { storageFailure } from './storage/storage-failure.js';
import type { ByteRange, StoredFile } from './storage/storage.provider.js';
import { uploadKeys } from './storage/upload-keys.js';
import { parseUploadId } from './upload-id.js';
import type { UploadType } from './upload-type.js';
import { ChunkBody } from './writing/chunk-body.js';
import { type Reception, type ReceptionInput, receive } from './writing/reception.js';
import type { Writer } from './writing/writer.js';
import { Writers } from './writing/writers.js';

const PATIENCE_MS = 1000;
const PAUSE_MS = 50;
const LIST_LIMIT = 1000;

/**
 * The use cases of one upload type, without HTTP. Inject it by its class, or a further type's by
 * `@InjectChunkedUpload(Entity)`.
 *
 * Every method takes the caller as its last argument: with `userRestricted` other callers' uploads
 * do not exist for it. Left out, the application itself asks and sees all. All throw
 * `ChunkedUploadError`.
 */
export class ChunkedUploadService<
  T extends AbstractChunkedUpload = ChunkedUpload,
> implements BeforeApplicationShutdown {
  readonly #writers: Writers<T>;
  readonly #completion: Completion<T>;

  constructor(
    private readonly type: UploadType,
    private readonly repository: ChunkedUploadRepository<T>,
  ) {
    this.#writers = new Writers(repository, type.leaseMs);
    this.#completion = new Completion(type, repository);
  }

  /**
   * Begins an upload with its first bytes; its row is written when they are durable. A body that
   * breaks is kept as far as it came if it has a creator, who finds it in `find`.
   */
  async begin(input: BeginInput, context: UploadContext = APPLICATION): Promise<T> {
    const { length = null, total = null } = input;
    await this.#checkAnnounced(context, length ?? 0, total);
    const fields = late(input.fields);
    const { id, file, body, writer } = this.#newUpload(input, fields(), context);
    body.limitTo(length ?? total ?? Number.MAX_SAFE_INTEGER, tooLong(length ?? total ?? 0));
    try {
      const reception = await this.#receive(file, total, {
        body,
        writer,
        checksumState: null,
        offset: 0,
        length,
        digests: input.digests ?? [],
        mayBeEmpty: false,
        keepBroken: context.creator !== null,
      });
      const row = {
        id,
        ...file,
        ...reception,
        ...owned(fields()),
        total,
        creator: context.creator,
      };
      const upload = await this.repository.insert(row);
      if (reception.failure) throw reception.failure;
      return upload;
    } catch (error) {
      await this.#removeUnrecorded(id, file);
      throw error;
    } finally {
      this.#writers.end(writer);
    }
  }

  /** Writes the next chunk. What arrives of a body that breaks is kept. */
  async append(id: string, chunk: AppendInput, context?: UploadContext): Promise<T> {
    const { offset, length = null, total = null } = chunk;
    await this.#checkAnnounced(context, offset + (length ?? 0), total);
    const body = ChunkBody.from(chunk.body);
    const { upload, writer } = await this.#claim(id, { offset, total, body }, context);
    let leased = true;
    try {
      const known = total ?? upload.total;
      if (known !== null && offset + (length ?? 0) > known) {
        throw ChunkedUploadError.endExceedsTotal(known);
      }
      const most = length ?? (known === null ? Number.MAX_SAFE_INTEGER : known - offset);
      body.limitTo(most, tooLong(most));
      const reception = await this.#receive(upload, known, {
        body,
        writer,
        checksumState: upload.checksumState,
        offset,
        length,
        digests: chunk.digests ?? [],
        mayBeEmpty: false,
        keepBroken: true,
      });
      const committed = await this.repository.commit(upload.id, writer.token, {
        ...reception,
        total,
      });
      if (!committed) throw await this.#lost(writer);
      leased = false;
      if (reception.failure) throw reception.failure;
      return committed;
    } catch (error) {
      if (leased) await this.#writers.release(writer);
      throw error;
    } finally {
      this.#writers.end(writer);
    }
  }

  /**
   * Verifies the checksum, finishes the file and runs `onComplete`, all in a time that does not
   * depend on the size. May be repeated: a completed upload gives the same answer again.
   */
  async complete(
    id: string,
    input: CompleteInput = {},
    context?: UploadContext,
  ): Promise<CompletedUpload<T>> {
    const { checksum } = this.type;
    if (checksum && !input.checksum) throw ChunkedUploadError.checksumRequired(checksum.algorithm);
    const claim = { offset: null, total: input.total ?? null, body: null };
    const claimed = await this.#claim(id, claim, context).catch((error: unknown) => {
      if (error instanceof ChunkedUploadError && error.code === 'already_complete') return null;
      throw error;
    });
    if (!claimed) return this.#completeAgain(id, input);
    const { upload, writer } = claimed;
    try {
      const { offset } = upload;
      const total = upload.total ?? input.total ?? (checksum ? offset : null);
      if (total === null) throw ChunkedUploadError.totalRequired();
      if (offset !== total) throw ChunkedUploadError.incomplete(offset, total);
      const sum = checksum ? await checksum.digest(upload.checksumState, offset) : null;
      this.#compare(sum, input.checksum);
      await this.#checkFinal(context, total);
      if (
        upload.total === null &&
        !(await this.repository.setTotal(upload.id, writer.token, total))
      ) {
        throw await this.#lost(writer);
      }
      const storageState = await this.type.storage.finish(upload, total).catch(storageFailure);
      return await this.#completion.run(async (manager) => {
        const result = { checksum: sum, storageState };
        const done = await this.repository.complete(upload.id, writer.token, result, manager);
        return done ?? Promise.reject(await this.#lost(writer));
      }, context?.request);
    } catch (error) {
      await this.#writers.release(writer);
      throw error;
    } finally {
      this.#writers.end(writer);
    }
  }

  /** Receives and completes a whole file. Whatever goes wrong, nothing of it is left. */
  async uploadWhole(
    input: WholeInput,
    context: UploadContext = APPLICATION,
  ): Promise<CompletedUpload<T>> {
    const { checksum } = this.type;
    const { length = null } = input;
    if (length !== null) await this.#checkAnnounced(context, length, length);
    const { max } = await sizeLimits(this.type, context);
    const fields = late(input.fields);
    const { id, file, body, writer } = this.#newUpload(input, fields(), context);
    if (length !== null) body.limitTo(length, tooLong(length));
    else if (max !== null) body.limitTo(max, () => ChunkedUploadError.tooLarge(max));
    try {
      const reception = await this.#receive(file, length, {
        body,
        writer,
        checksumState: null,
        offset: 0,
        length,
        digests: input.digests ?? [],
        mayBeEmpty: true,
        keepBroken: false,
      });
      const size = reception.offset;
      const sum = checksum ? await checksum.digest(reception.checksumState, size) : null;
      const given = late(input.checksum)();
      if (checksum && !given) throw ChunkedUploadError.checksumRequired(checksum.algorithm);
      this.#compare(sum, given);
      await this.#checkFinal(context, size);
      const finished = { ...file, storageState: reception.storageState };
      const storageState = await this.type.storage.finish(finished, size).catch(storageFailure);
      const row = {
        ...{ id, ...file, ...owned(fields()), creator: context.creator },
        ...{ offset: size, total: size, checksumState: null, storageState },
      };
      return await this.#completion.run(
        (manager) => this.repository.insertComplete(row, sum, manager),
        context.request,
      );
    } catch (error) {
      await this.#removeUnrecorded(id, file);
      throw error;
    } finally {
      this.#writers.end(writer);
    }
  }

  /** @throws ChunkedUploadError `not_found`, also for an id that is none. */
  async findOne(id: string, context?: UploadContext): Promise<T> {
    const upload = await this.repository.findOne(this.#parseId(id), this.#scope(context));
    if (!upload) throw ChunkedUploadError.notFound();
    return upload;
  }

  /** For a client that resumes: ends a silent writer of this process and keeps what had arrived. */
  async findResumable(id: string, context?: UploadContext): Promise<T> {
    await this.#writers.endSilent(this.#parseId(id), this.#scope(context));
    return this.findOne(id, context);
  }

  /** Oldest first, at most 1,000 at once. An anonymous caller has no list. */
  async find(input: FindInput = {}, context?: UploadContext): Promise<T[]> {
    const limit = Math.min(input.limit ?? LIST_LIMIT, LIST_LIMIT);
    const scope = this.#scope(context);
    return this.repository.find({ ...input, scope, limit, offset: input.offset ?? 0 });
  }

  /** The bytes of a completed upload. */
  async createReadStream(upload: T, range?: ByteRange): Promise<Readable> {
    if (upload.status !== ChunkedUploadStatus.Complete) throw ChunkedUploadError.notFound();
    return this.type.storage.createReadStream(upload, range).catch(storageFailure);
  }

  /** Ends an unfinished upload for good: its bytes are removed, its record is kept. */
  async abort(id: string, context?: UploadContext): Promise<T> {
    const { id: found } = await this.findOne(id, context);
    const upload = await this.#takeAway(found, ChunkedUploadStatus.Complete);
    if (!(await this.#writers.stop(found, ChunkedUploadError.aborted()))) {
      throw ChunkedUploadError.busy();
    }
    await this.type.storage.remove(upload).catch(storageFailure);
    return upload;
  }

  /** Removes bytes and record, whatever the state; a running writer is ended. Repeatable. */
  async remove(id: string, context?: UploadContext): Promise<void> {
    const { id: found } = await this.findOne(id, context);
    const upload = await this.#takeAway(found);
    if (!(await this.#writers.stop(found, ChunkedUploadError.notFound()))) {
      throw ChunkedUploadError.busy();
    }
    await this.type.storage.remove(upload).catch(storageFailure);
    if (!(await this.repository.remove(found))) throw ChunkedUploadError.notFound();
  }

  /** Ends the running writers and keeps what they had received, while the database is still there. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#writers.close();
  }

  #newUpload(input: BeginInput | WholeInput, fields: UploadFields, context: UploadContext) {
    const id = randomUUID();
    const keys = uploadKeys(this.type, id, input.clientName ?? fields.filename);
    const file: StoredFile = { ...keys, storageState: null };
    const body = ChunkBody.from(input.body);
    return { id, file, body, writer: this.#writers.begin(id, context.creator, body) };
  }

  async #claim(
    id: string,
    claim: { offset: number | null; total: number | null; body: ChunkBody | null },
    context: UploadContext | undefined,
  ) {
    return this.#writers.claim({ id: this.#parseId(id), scope: this.#scope(context), ...claim });
  }

  async #receive(
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
      await target.close();
    }
  }

  async #completeAgain(id: string, input: CompleteInput): Promise<CompletedUpload<T>> {
    const upload = await this.findOne(id);
    this.#compare(upload.checksum, input.checksum);
    return { upload, response: upload.response ?? undefined };
  }

  #compare(sum: string | null, given: string | null | undefined): void {
    const { checksum } = this.type;
    if (checksum && sum !== null && !sameChecksum(sum, given ?? '')) {
      throw ChunkedUploadError.checksumMismatch(checksum.algorithm);
    }
  }

  /** Marks the upload aborted as soon as no completion is running. */
  async #takeAway(id: string, except?: ChunkedUploadStatus): Promise<T> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const completing = this.#writers.isCompleting(id);
      const upload = completing ? null : await this.repository.markAborted(id, except);
      if (upload) return upload;
      const seen = await this.repository.findOne(id, undefined);
      if (!seen) throw ChunkedUploadError.notFound();
      if (seen.status === except) throw ChunkedUploadError.alreadyComplete();
      if (performance.now() > giveUpAt) throw ChunkedUploadError.busy();
      await sleep(PAUSE_MS);
    }
  }

  /** Why a writer's token is no longer in the row. */
  async #lost(writer: Writer): Promise<ChunkedUploadError> {
    if (writer.stopReason) return writer.stopReason.answer;
    const upload = await this.repository.findOne(writer.uploadId, undefined);
    if (!upload) return ChunkedUploadError.notFound();
    const aborted = upload.status === ChunkedUploadStatus.Aborted;
    return aborted ? ChunkedUploadError.aborted() : ChunkedUploadError.busy();
  }

  /**
   * Removes the bytes of an upload that got no row. Where that cannot be told they stay: the loss
   * of a recorded upload is worse than bytes too many.
   */
  async #removeUnrecorded(id: string, file: StoredFile): Promise<void> {
    try {
      const recorded = await this.repository.findOne(id, undefined);
      if (!recorded) await this.type.storage.remove(file);
    } catch {
      // The failure that led here is the one to report.
    }
  }

  async #checkAnnounced(context: UploadContext | undefined, end: number, total: number | null) {
    const limits = await sizeLimits(this.type, context ?? APPLICATION);
    checkAnnounced(limits, { end, total }, this.type.fieldName);
  }

  async #checkFinal(context: UploadContext | undefined, size: number): Promise<void> {
    const limits = await sizeLimits(this.type, context ?? APPLICATION);
    checkFinal(limits, size, this.type.fieldName);
  }

  #scope(context: UploadContext | undefined): Scope {
    return context && this.type.userRestricted ? { creator: context.creator } : undefined;
  }

  #parseId(id: string): string {
    const parsed = parseUploadId(id);
    if (parsed === null) throw ChunkedUploadError.notFound();
    return parsed;
  }
}

const APPLICATION: UploadContext = { creator: null };

function late<V>(value: Late<V>): () => V {
  return typeof value === 'function' ? (value as () => V) : () => value;
}

function owned({ filename, ownerType = null, ownerId = null }: UploadFields) {
  return { filename, ownerType, ownerId };
}

function tooLong(reported: number): (received: number) => ChunkedUploadError {
  return (received) => ChunkedUploadError.sizeMismatch(received, reported);
}
