import { randomUUID } from 'node:crypto';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { BodyInput, Late, UploadFields } from '../chunked-upload.inputs.js';
import type { UploadContext } from '../chunked-upload.options.js';
import type { StoredFile } from '../storage/storage.provider.js';
import { uploadKeys } from '../storage/upload-keys.js';
import { ChunkBody } from './chunk-body.js';
import type { UploadEngine } from './upload-engine.js';
import type { Writer } from './writer.js';

/** An upload before it has a row: nobody else knows its id, so nothing has to be claimed. */
export class NewUpload<T extends AbstractChunkedUpload> {
  readonly id = randomUUID();
  readonly file: StoredFile;
  readonly body: ChunkBody;
  readonly writer: Writer;
  readonly #fields: () => UploadFields;

  constructor(
    private readonly engine: UploadEngine<T>,
    input: BodyInput & { readonly fields: Late<UploadFields>; readonly clientName?: string },
    private readonly context: UploadContext,
  ) {
    this.#fields = late(input.fields);
    // Asked at once for the first time: what is wrong already now costs nobody a transfer.
    const { filename } = this.#fields();
    const keys = uploadKeys(engine.type, this.id, input.clientName ?? filename);
    this.file = { ...keys, storageState: null };
    this.body = ChunkBody.from(input.body);
    this.writer = engine.writers.begin(this.id, context.creator, this.body);
  }

  /** What the row says of the upload's origin. */
  describe() {
    const { filename, ownerType = null, ownerId = null } = this.#fields();
    const { id, file, context } = this;
    return { id, ...file, filename, ownerType, ownerId, creator: context.creator };
  }

  /**
   * Removes the bytes if there is no row. Where that cannot be told they stay: to lose a recorded
   * upload is worse than to keep bytes too many.
   */
  async discard(): Promise<void> {
    try {
      const recorded = await this.engine.repository.findOne(this.id, undefined);
      if (!recorded) await this.engine.type.storage.remove(this.file);
    } catch {
      // The failure that led here is the one to report.
    }
  }
}

/** A function for what may be known late. */
export function late<V>(value: Late<V>): () => V {
  return typeof value === 'function' ? (value as () => V) : () => value;
}
