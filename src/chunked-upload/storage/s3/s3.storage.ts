import type { Readable } from 'node:stream';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { gatherForStores } from '../../memory/process-memory.js';
import {
  type ByteRange,
  type DownloadUrlOptions,
  type FinishOptions,
  type OpenOptions,
  type ReadOptions,
  StorageProvider,
  type StorageState,
  type StorageWriter,
  type StoredBytes,
  type StoredFile,
} from '../storage.provider.js';
import { signedDownloadUrl } from './download-url.js';
import { Finishing } from './finishing.js';
import { holdsBytes } from './holding.js';
import { KnownParts } from './known-parts.js';
import { removeLeftovers } from './leftovers.js';
import { listStored } from './listing.js';
import { largestFile, planPartSize } from './part-plan.js';
import { PieceStore } from './piece-store.js';
import { checkBucket } from './s3-check.js';
import { S3Bucket } from './s3-bucket.js';
import { kindOf, likelyKindOf, s3Client, s3Reader } from './s3-client.js';
import { S3Multipart } from './s3-multipart.js';
import { type CheckedOptions, type S3StorageOptions, checkOptions } from './s3-options.js';
import type { S3Parts } from './s3-parts.js';
import { S3Reading } from './s3-reader.js';
import {
  type UnfinishedState,
  committedBytes,
  decodeState,
  encodeState,
  isFinished,
  newIdentity,
} from './s3-state.js';
import { S3Writer } from './s3-writer.js';

/** Of files of no bytes, all of which are equal: whoever made it, and however late, it is the file. */
const NOTHING_IDENTITY = 'nothing';

/** Keeps uploads as objects of a bucket on S3, or on a store that speaks its language. */
export class S3Storage extends StorageProvider {
  override readonly largestFile: number;
  readonly #options: CheckedOptions;
  readonly #shared: S3Parts;
  readonly #finishing: Finishing;

  constructor(options: S3StorageOptions) {
    super();
    this.#options = checkOptions(options);
    const client = s3Client(this.#options);
    const bucket = new S3Bucket(client, this.#options, s3Reader(client, this.#options));
    this.largestFile = largestFile(this.#options.maxParts, likelyKindOf(client, this.#options));
    this.#shared = {
      bucket,
      multipart: new S3Multipart(bucket),
      store: new PieceStore(bucket, gatherForStores(this.#options.memory)),
      known: new KnownParts(),
      options: this.#options,
    };
    this.#finishing = new Finishing(this.#shared);
  }

  async open(file: StoredFile, options: OpenOptions): Promise<StorageWriter> {
    const { offset, total, length } = options;
    const { maxParts, partSize } = this.#options;
    const kind = await kindOf(this.#shared.bucket.client);
    if (Math.max(total ?? 0, offset + (length ?? 0)) > largestFile(maxParts, kind)) {
      throw ChunkedUploadError.exceedsStorage();
    }
    const decoded = decodeState(file.storageState);
    if (decoded ? isFinished(decoded) : offset > 0) throw ChunkedUploadError.bytesMissing();
    const known = decoded as UnfinishedState | null;
    if (known && committedBytes(known) !== offset) throw ChunkedUploadError.bytesMissing();
    const planned = planPartSize({ length, total, partSize, maxParts });
    const state = known ?? {
      identity: total === 0 ? NOTHING_IDENTITY : newIdentity(),
      partSize: planned,
      parts: null,
      pieces: [],
      skip: 0,
      dropped: [],
      dirty: false,
    };
    // While there are no parts their size may still be what it has to be by now.
    const isFree = state.parts === null && total !== null && total > state.partSize * maxParts;
    const fitting = isFree ? { ...state, partSize: planned } : state;
    if (total !== null && total > fitting.partSize * maxParts) {
      throw ChunkedUploadError.exceedsStorage();
    }
    return new S3Writer(this.#shared, this.#finishing, file, fitting, options, kind === 'r2');
  }

  async finish(file: StoredFile, size: number, options: FinishOptions): Promise<StorageState> {
    const state = decodeState(file.storageState);
    if (!state) throw ChunkedUploadError.bytesMissing();
    return encodeState(await this.#finishing.finish(file, state, size, options));
  }

  async createReadStream(
    file: StoredFile,
    range?: ByteRange,
    options: ReadOptions = {},
  ): Promise<Readable> {
    const { bucket } = this.#shared;
    const { finalKey } = file;
    const opened = await bucket.get(finalKey, range);
    const state = decodeState(file.storageState);
    const isOurs = opened !== null && (!state || opened.identity === state.identity);
    const isWhole = !opened || !range || opened.length === range.end - range.start + 1;
    if (opened && isOurs && isWhole) {
      return new S3Reading(bucket, finalKey, opened, range, options).stream();
    }
    opened?.body.destroy();
    throw ChunkedUploadError.bytesMissing();
  }

  override async createDownloadUrl(
    { finalKey }: StoredFile,
    options: DownloadUrlOptions,
  ): Promise<string | null> {
    if (this.#options.download !== 'redirect') return null;
    return signedDownloadUrl(this.#shared.bucket, finalKey, options);
  }

  async remove(file: StoredFile): Promise<void> {
    const { bucket, multipart } = this.#shared;
    const { key, finalKey } = file;
    const state = decodeState(file.storageState);
    if (state && !isFinished(state) && state.parts) {
      await multipart.abort({ key: finalKey, uploadId: state.parts.uploadId });
    }
    await removeLeftovers(this.#shared, file);
    await bucket.remove(key === finalKey ? [key] : [key, finalKey]);
  }

  override async removeLeftovers(file: StoredFile): Promise<void> {
    await removeLeftovers(this.#shared, file);
  }

  async holds(file: StoredFile, size: number): Promise<boolean> {
    return holdsBytes(this.#shared, file, size);
  }

  override async check(): Promise<string | null> {
    return checkBucket(this.#shared);
  }

  list(folder: string): AsyncGenerator<StoredBytes> {
    return listStored(this.#shared, folder);
  }
}
