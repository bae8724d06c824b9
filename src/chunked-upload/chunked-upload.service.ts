import type { Readable } from 'node:stream';
import type { BeforeApplicationShutdown, OnModuleDestroy } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import {
  type AbstractChunkedUpload,
  type ChunkedUpload,
  ChunkedUploadStatus,
} from './chunked-upload.entity.js';
import { ChunkedUploadError, aboutUpload } from './chunked-upload.errors.js';
import type {
  AppendInput,
  BeginInput,
  BodyInput,
  CompleteInput,
  CompletedUpload,
  CreateInput,
  FindByOwnerInput,
  FindInput,
  OwnerReference,
  OwnerTarget,
  UploadPage,
  WholeInput,
} from './chunked-upload.inputs.js';
import { APPLICATION, type SizeLimits, type UploadContext } from './chunked-upload.context.js';
import { appendChunk } from './engine/append-chunk.js';
import { assignOwner } from './engine/assign-owner.js';
import { beginUpload } from './engine/begin-upload.js';
import { ChunkBody } from './engine/chunk-body.js';
import type { Cleaner } from './engine/cleaner.js';
import { completeUpload } from './engine/complete-upload.js';
import { createUpload } from './engine/create-upload.js';
import { findPosition, findResumable } from './engine/find-position.js';
import type { ReconcileOptions, ReconcileResult } from './engine/reconcile.js';
import type { RemoveExpiredOptions, RemoveExpiredResult } from './engine/remove-expired.js';
import { abortUpload, removeUpload } from './engine/remove-upload.js';
import type { UploadEngine } from './engine/upload-engine.js';
import { uploadWhole } from './engine/upload-whole.js';
import { countedStream } from './memory/counted-stream.js';
import type { OwnedUploads } from './owners/owned-uploads.js';
import { storageFailure } from './storage/storage-failure.js';
import type { ByteRange, DownloadUrlOptions } from './storage/storage.provider.js';

const MOST_AT_ONCE = 1000;

/**
 * Everything that the routes do, without HTTP, for one upload type. Inject it by its class; that of a
 * further type with `@InjectChunkedUpload(Entity)`.
 *
 * The last argument of a method is the caller. With `userRestricted`, uploads of other callers are
 * `not_found`. Leave the caller out and the application itself acts, and sees all. All methods throw
 * `ChunkedUploadError`.
 */
export class ChunkedUploadService<T extends AbstractChunkedUpload = ChunkedUpload>
  implements OnModuleDestroy, BeforeApplicationShutdown
{
  constructor(
    private readonly engine: UploadEngine<T>,
    private readonly owned: OwnedUploads<T>,
    private readonly cleaner: Cleaner<T>,
  ) {}

  /** Begins an upload without bytes: its record exists before the first byte is sent. */
  async create(input: CreateInput, context: UploadContext = APPLICATION): Promise<T> {
    return createUpload(this.engine, input, context);
  }

  /**
   * Begins an upload with its first bytes. If the body breaks off, what arrived is kept, and the caller
   * finds the upload with `find`; of an anonymous caller nothing is kept. A long body gets its record
   * after 5 s or 32 MiB.
   */
  async begin(input: BeginInput, context: UploadContext = APPLICATION): Promise<T> {
    return receiving(input, (received) => beginUpload(this.engine, received, context));
  }

  /** Writes the next chunk. If the body breaks off, what arrived is kept. */
  async append(id: string, input: AppendInput, context?: UploadContext): Promise<T> {
    return receiving(input, (given) => about(id, appendChunk(this.engine, id, given, context)));
  }

  /**
   * Verifies the checksum, finishes the file and runs `onComplete`, in a time that does not depend
   * on the size. You may repeat it: a complete upload gives the same answer again.
   */
  async complete(
    id: string,
    input: CompleteInput = {},
    context?: UploadContext,
  ): Promise<CompletedUpload<T>> {
    return about(id, completeUpload(this.engine, id, input, context));
  }

  /**
   * Receives and completes a whole file. Without a `checksum` in the input nothing is compared. If
   * anything goes wrong, nothing is left of it.
   */
  async uploadWhole(
    input: WholeInput,
    context: UploadContext = APPLICATION,
  ): Promise<CompletedUpload<T>> {
    return receiving(input, (received) => uploadWhole(this.engine, received, context));
  }

  /** @throws ChunkedUploadError `not_found`, also for a malformed id */
  async findOne(id: string, context?: UploadContext): Promise<T> {
    return about(id, this.engine.find(id, context));
  }

  /**
   * For a client that resumes: ends a silent writer of this process and keeps what had arrived.
   * @throws ChunkedUploadError `not_found`; `busy` if that writer has not ended within a second
   */
  async findResumable(id: string, context?: UploadContext): Promise<T> {
    return about(id, findResumable(this.engine, id, context));
  }

  /**
   * Like `findResumable`, for a client that is about to send. Throws if the upload has expired or was
   * aborted, and if `total` is not that of the upload. `ending`: which writer of this process ends first.
   */
  async findPosition(
    id: string,
    total: number | null,
    context?: UploadContext,
    ending: 'silent' | 'any' = 'silent',
  ): Promise<T> {
    return about(id, findPosition(this.engine, id, { total, ending }, context));
  }

  /** The caller's uploads, oldest first, at most 1,000 at once; none for an anonymous caller. */
  async find(input: FindInput = {}, context?: UploadContext): Promise<T[]> {
    return (await this.findPage(input, context)).uploads;
  }

  /** Like `find`, and says whether there are more. */
  async findPage(input: FindInput = {}, context?: UploadContext): Promise<UploadPage<T>> {
    const limit = Math.min(input.limit ?? MOST_AT_ONCE, MOST_AT_ONCE);
    const scope = this.engine.scope(context);
    const owner = await this.#ownerOf(input);
    const wanted = { ...input, ...owner, scope, limit: limit + 1, offset: input.offset ?? 0 };
    const found = await this.engine.repository.find(wanted);
    return { uploads: found.slice(0, limit), limit, hasMore: found.length > limit };
  }

  /** As rows name it: of an id such as `007` the record knows that it is `7`. */
  async #ownerOf({ ownerType: type, ownerId }: FindInput): Promise<FindInput> {
    if (type === undefined || ownerId === undefined) return {};
    const { id } = await this.owned.owners.canonical({ type, id: ownerId });
    return { ownerId: id };
  }

  /**
   * All uploads of an owner, oldest first; with a caller, those of them that the caller may see. Give
   * the owner's entity, or its name in the option `owners` and its primary key.
   */
  async findByOwner(
    owner: OwnerTarget,
    input?: FindByOwnerInput,
    context?: UploadContext,
  ): Promise<T[]>;
  async findByOwner(
    type: string,
    id: OwnerReference['id'],
    input?: FindByOwnerInput,
    context?: UploadContext,
  ): Promise<T[]>;
  async findByOwner(
    owner: OwnerTarget | string,
    ...rest:
      | [FindByOwnerInput?, UploadContext?]
      | [OwnerReference['id'], FindByOwnerInput?, UploadContext?]
  ): Promise<T[]> {
    if (typeof owner !== 'string') {
      return this.findByOwners([owner], ...(rest as [FindByOwnerInput?, UploadContext?]));
    }
    const [id, ...others] = rest as [OwnerReference['id'], FindByOwnerInput?, UploadContext?];
    return this.findByOwners([{ type: owner, id }], ...others);
  }

  /** All uploads of many owners, oldest first, with one query. */
  async findByOwners(
    owners: readonly OwnerTarget[],
    input: FindByOwnerInput = {},
    context?: UploadContext,
  ): Promise<T[]> {
    return this.owned.find(owners, { ...input, scope: this.engine.scope(context) });
  }

  /**
   * Gives an upload to an owner, or with null to nobody, whatever its state. A request that is writing
   * it goes on. If you name a caller, it must be allowed to see the upload, and `canAttach` must agree.
   * Pass the `manager` of a transaction to do it in there; you must, if the owner is not yet committed.
   *
   * @throws ChunkedUploadError `not_found`; `invalid_field` about `owner_type` or `owner_id`; `busy`
   * while the upload's completion runs
   */
  async assignOwner(
    id: string,
    owner: OwnerTarget | null,
    context?: UploadContext,
    manager?: EntityManager,
  ): Promise<T> {
    const assigned = assignOwner(this.engine, this.owned, { id, owner, context, manager });
    return about(id, assigned);
  }

  /** The bytes of a complete upload. @throws ChunkedUploadError `not_found` if it is not complete */
  async createReadStream(upload: T, range?: ByteRange): Promise<Readable> {
    if (upload.status !== ChunkedUploadStatus.Complete) throw ChunkedUploadError.notFound();
    // Always with its bounds: a storage can tell then that bytes are missing before it sends any.
    const whole = upload.offset > 0 ? { start: 0, end: upload.offset - 1 } : undefined;
    const { storage } = this.engine.type;
    const failed = (error: unknown) => this.engine.readFailure(error, upload.id);
    const opened = countedStream((nextChunk) =>
      storage.createReadStream(upload, range ?? whole, { nextChunk }).catch(failed),
    );
    return about(upload.id, opened);
  }

  /**
   * A URL of the store itself, valid for a few minutes, if the storage is set up to give such URLs
   * (`download: 'redirect'` of `S3Storage`); else null.
   * @throws ChunkedUploadError `not_found` before the upload is complete
   */
  async createDownloadUrl(upload: T, options: DownloadUrlOptions): Promise<string | null> {
    if (upload.status !== ChunkedUploadStatus.Complete) throw ChunkedUploadError.notFound();
    const { storage } = this.engine.type;
    const url = storage.createDownloadUrl?.(upload, options).catch(storageFailure);
    return about(upload.id, url ?? Promise.resolve(null));
  }

  /** Ends an unfinished upload for good: removes its bytes and keeps its record. */
  async abort(id: string, context?: UploadContext): Promise<T> {
    return about(id, abortUpload(this.engine, id, context));
  }

  /** Removes bytes and record, whatever the state, and ends a running writer. May be repeated. */
  async remove(id: string, context?: UploadContext): Promise<void> {
    return about(id, removeUpload(this.engine, id, context));
  }

  /** The allowed size of this caller's files: the options `minBytes` and `maxBytes`. */
  async limits(context: UploadContext = APPLICATION): Promise<SizeLimits> {
    return this.engine.rules.limits(context);
  }

  /**
   * Removes expired uploads, those whose removal failed before, and all whose owner is gone. Never
   * removes one that is being written or completed. Several processes may do it at once and share the
   * work. Failures are counted, and the next run tries again. Throws if the database is away.
   */
  async removeExpired(options: RemoveExpiredOptions<T> = {}): Promise<RemoveExpiredResult> {
    return this.cleaner.removeExpired(options);
  }

  /**
   * Compares storage and records: removes bytes without a record, a grace time after the last of them
   * was written, and reports records without bytes. Looks at all bytes below the type's folder and at
   * all its records. No other application may keep uploads in that folder.
   */
  async reconcile(options: ReconcileOptions = {}): Promise<ReconcileResult> {
    return this.cleaner.reconcile(options);
  }

  /** Begins to end the running writers: those of all types, before one of them is waited for. */
  onModuleDestroy(): void {
    void this.engine.writers.close();
  }

  /** Ends the running writers and keeps what they had received, while the database is there. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.engine.writers.close();
  }
}

/**
 * Whatever becomes of `work`, and wherever it is refused, its body is closed: no stream of a caller
 * stays open, and no memory taken.
 */
async function receiving<I extends BodyInput, R>(
  input: I,
  work: (input: I & { readonly body: ChunkBody }) => Promise<R>,
): Promise<R> {
  const body = ChunkBody.from(input.body);
  try {
    return await work({ ...input, body });
  } finally {
    body.close();
  }
}

/** Errors say which upload they are about: log lines and measurements name it. */
async function about<R>(id: string, work: Promise<R>): Promise<R> {
  return work.catch((error: unknown) => {
    throw aboutUpload(error, id);
  });
}
