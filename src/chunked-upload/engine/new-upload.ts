import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { BodyInput, CreateInput, UploadFields } from '../chunked-upload.inputs.js';
import type { UploadContext } from '../chunked-upload.context.js';
import { creatorIn } from '../creator.js';
import { checkFilename } from '../filename.js';
import type { CommitWatch } from '../database/connections.js';
import type { NewRow } from '../database/chunked-upload.repository.js';
import { type OwnedWrite, withOwner } from '../owners/with-owner.js';
import type { PolicySubject } from '../policies/upload.policy.js';
import { isStorageTimeout } from '../storage/limited-storage.js';
import type { StoredFile } from '../storage/storage.provider.js';
import { uploadKeys } from '../storage/upload-keys.js';
import { ChunkBody } from './chunk-body.js';
import { FirstBytes } from './first-bytes.js';
import type { UploadEngine } from './upload-engine.js';
import type { Writer } from './writer.js';

/** What its request says of a new upload, checked. */
type Origin = Pick<NewRow, 'filename' | 'ownerType' | 'ownerId' | 'fields'>;

type Sizes = Pick<PolicySubject, 'size' | 'total'>;

/** An upload before it has a row: nobody else knows its id, so nothing has to be claimed. */
export class NewUpload<T extends AbstractChunkedUpload> {
  readonly id = randomUUID();
  /** Null: anonymous. */
  readonly creator: string | null;
  readonly file: StoredFile & { readonly id: string };
  readonly body: ChunkBody;
  readonly writer: Writer;
  /** Null where nobody asks for them. */
  readonly firstBytes: FirstBytes | null;
  /** What the row says of how the upload was begun. */
  readonly #said: Pick<NewRow, 'protocol' | 'clientMetadata'>;
  readonly #fields: (atEnd: boolean) => UploadFields | null;
  /** What was known when the rules were asked before the first byte. */
  #early: { readonly given: string; readonly origin: Origin } | null = null;
  #isRecorded = false;

  constructor(
    private readonly engine: UploadEngine<T>,
    input: BodyInput & CreateInput & { readonly mayBeUnnamed?: boolean },
    private readonly announced: Sizes,
    private readonly context: UploadContext,
  ) {
    this.creator = creatorIn(context);
    this.#said = {
      protocol: context.protocol ?? null,
      clientMetadata: input.clientMetadata ?? null,
    };
    const { fields, mayBeUnnamed = false } = input;
    this.#fields = (atEnd) => {
      const given = typeof fields === 'function' ? fields(atEnd) : fields;
      if (given === null || (mayBeUnnamed && given.filename === '')) return given;
      return { ...given, filename: checkFilename(given.filename) };
    };
    const given = input.clientName ?? this.#fields(false)?.filename ?? '';
    // Else a file that is allowed by another name would be kept under this one's extension.
    const clientName = engine.type.mayBeNamed(given) ? given : '';
    this.file = {
      id: this.id,
      ...uploadKeys(engine.type, this.id, clientName),
      storageState: null,
    };
    this.firstBytes = engine.type.readsFirstBytes
      ? new FirstBytes(null, async () => {
          if (this.#early) await this.#ask('first-bytes', this.#early.origin, announced);
        })
      : null;
    this.body = ChunkBody.from(input.body);
    this.writer = engine.writers.begin(this.id, this.creator, this.body);
  }

  /** Whether all is known that the rules are asked about. */
  get isDescribed(): boolean {
    return this.#fields(false) !== null;
  }

  /** Asks the rules before the first byte, where all that they need has been said by then. */
  async judgeEarly(): Promise<void> {
    const fields = this.#fields(false);
    if (!fields) return;
    const origin = await this.#check(fields);
    await this.#ask('begin', origin, this.announced);
    this.#early = { given: JSON.stringify(fields), origin };
  }

  /**
   * Asks the rules what they have not been asked yet, with the sizes as they are now, and returns
   * what the row says of the upload's origin.
   */
  async judge(sizes: Sizes): Promise<Omit<NewRow, 'checksumState' | 'storageState'>> {
    if (sizes.size === sizes.total) await this.firstBytes?.end();
    const fields = this.#fields(true);
    if (!fields) throw ChunkedUploadError.malformedRequest('The upload has no fields');
    let origin = this.#early?.origin;
    // A form may have said more, or something else, after the file.
    if (!origin || this.#early?.given !== JSON.stringify(fields)) {
      origin = await this.#check(fields);
      // Of an upload without a byte the name may still come: see name-upload.ts.
      const isUnnamed = fields.filename === '' && sizes.size === 0;
      const asked = isUnnamed ? { ...origin, filename: '' } : origin;
      await this.#ask('begin', asked, sizes);
      if (this.firstBytes?.judged) await this.#ask('first-bytes', asked, sizes);
    }
    const { file, creator } = this;
    const beginning = this.firstBytes?.at(sizes.size) ?? { firstBytes: null, mimeType: null };
    const { size: offset, total } = sizes;
    return { ...file, ...origin, ...beginning, ...this.#said, creator, offset, total };
  }

  /** Asks the rules for the last time about a file that came whole. */
  async judgeComplete(row: Origin, size: number): Promise<void> {
    await this.#ask('complete', row, { size, total: size });
  }

  /** Writes the row by `insert`: with an owner in a transaction in which that cannot be removed. */
  async record<R>(origin: Origin, insert: (manager?: EntityManager) => Promise<R>): Promise<R> {
    return this.settle((watch) => this.recordWithin(origin, { write: insert, watch }));
  }

  /** The same as a part of what is to be settled, and perhaps of its transaction. */
  async recordWithin<R>(origin: Origin, write: OwnedWrite<R>): Promise<R> {
    const { ownerType: type, ownerId: id } = origin;
    const { repository } = this.engine;
    const parts = { owners: this.engine.type.owners, repository };
    const owner = type !== null && id !== null ? { type, id } : null;
    return withOwner(parts, owner, { ...write, inTransaction: repository.insertsInTransaction });
  }

  /** Runs the work that ends with the commit of the row, and remembers how far that came. */
  async settle<R>(work: (watch: CommitWatch) => Promise<R>): Promise<R> {
    const result = await this.writer.settle(work);
    this.#isRecorded = true;
    return result;
  }

  /**
   * Removes the bytes where it is certain that there is no row, and never will be. Else they stay:
   * to lose a recorded upload is worse than to keep bytes too many, which the reconciliation finds.
   */
  async discard(error: unknown): Promise<void> {
    if (this.#isRecorded) return;
    if (this.writer.isUnsettled) this.engine.writers.abandon(this.writer.token);
    // A call of the storage that never came back may still write, or make the file anew.
    else if (this.writer.hasOpened && !isStorageTimeout(error)) {
      // The failure that led here is the one to report.
      await this.engine.type.storage.remove(this.file).catch(() => undefined);
    }
  }

  async #check(given: UploadFields): Promise<Origin> {
    // What has no name yet bears its id: see name-upload.ts.
    const filename = given.filename || this.id;
    const { type } = this.engine;
    const owner = await type.owners.findNamed(given.ownerType, given.ownerId);
    const fields = (await type.fields?.validate(given)) ?? {};
    return { filename, ownerType: owner?.type ?? null, ownerId: owner?.id ?? null, fields };
  }

  async #ask(stage: PolicySubject['stage'], origin: Origin, sizes: Sizes): Promise<void> {
    const { filename, ownerType, ownerId, fields } = origin;
    const mimeType = this.firstBytes?.mimeType ?? null;
    const { id } = this;
    const subject = { stage, id, filename, ownerType, ownerId, fields, mimeType, ...sizes };
    await this.engine.rules.ask(subject, this.context);
  }
}
