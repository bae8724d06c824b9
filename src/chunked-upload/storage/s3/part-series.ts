import { chained } from './parts-chain.js';
import { PartNumbers, countOf, reservedNumbers, withNumber } from './part-numbers.js';
import { type Payload, md5Of } from './payload.js';
import type { CallOptions } from './s3-calls.js';
import { isNoUpload, isRefusal } from './s3-errors.js';
import type { S3Multipart, StoredPart, UploadPlace } from './s3-multipart.js';
import type { CommittedParts } from './s3-state.js';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';

export interface SeriesOptions {
  readonly multipart: S3Multipart;
  readonly finalKey: string;
  readonly identity: string;
  /** What is committed; null: nothing. */
  readonly parts: CommittedParts | null;
  readonly partSize: number;
  readonly maxParts: number;
  /** Bytes of the file; null: unknown. */
  readonly total: number | null;
  readonly attempt: number;
  /** Whether a part that another writer has left may be used, where it has the same bytes. */
  readonly adopts: boolean;
}

interface UploadedPart {
  readonly number: number;
  /** Null: it is on its way. */
  etag: string | null;
}

/** Where a part is to go. */
export interface PartPlace {
  /** Sends the bytes, unless they are there already. */
  upload(payload: Payload, options: CallOptions): Promise<void>;
}

/** The parts of an upload as one writer continues them. */
export class PartSeries {
  #upload: UploadPlace | null;
  readonly #numbers: PartNumbers;
  #uploaded: UploadedPart[] = [];
  /** What `snapshot` has gone through. */
  #parts: CommittedParts | null;
  #strays: StoredPart[] | null = null;
  #isRefused = false;
  #last: number;

  constructor(private readonly options: SeriesOptions) {
    const { parts, finalKey, maxParts: most, attempt } = options;
    this.#parts = parts;
    this.#upload = parts && { key: finalKey, uploadId: parts.uploadId };
    this.#numbers = parts ? PartNumbers.shared({ ...parts, attempt, most }) : PartNumbers.own(most);
    const [first, count] = parts?.runs.at(-1) ?? [1, 0];
    this.#last = first + count - 1;
  }

  /** The upload that this writer has begun; null: it has none of its own. */
  get own(): UploadPlace | null {
    return this.options.parts ? null : this.#upload;
  }

  /** Where the next part goes; null: there is no number for it before the next commit. */
  async place(payload: Payload, options: CallOptions): Promise<PartPlace | null> {
    if (this.#isRefused) return null;
    const { multipart, finalKey, identity } = this.options;
    if (!this.#upload) {
      const uploadId = await multipart.create(finalKey, identity, options);
      this.#upload = { key: finalKey, uploadId };
    }
    const upload = this.#upload;
    const stray = await this.#equalStray(payload, options);
    if (stray) {
      this.#add({ number: stray.number, etag: stray.etag });
      return { upload: async () => undefined };
    }
    const number = this.#numbers.take();
    if (number === null) return null;
    const isNext = number === this.#last + 1;
    const part: UploadedPart = { number, etag: null };
    const send = async (): Promise<void> => {
      part.etag = await multipart.uploadPart(upload, number, payload, options).catch(uploadGone);
    };
    if (!isNext) {
      // Some stores take no number that leaves others out: then there is none for this writer.
      try {
        await send();
      } catch (error) {
        if (!isRefusal(error)) throw error;
        this.#isRefused = true;
        return null;
      }
    }
    this.#add(part);
    return { upload: async () => (isNext ? send() : undefined) };
  }

  /** What is to be committed: all parts so far, which must have been uploaded. Null: none. */
  snapshot(): CommittedParts | null {
    if (!this.#upload || (this.#uploaded.length === 0 && !this.#parts)) return null;
    let { runs, chain } = this.#parts ?? { runs: [], chain: '' };
    for (const { number, etag } of this.#uploaded) {
      if (etag === null) throw new Error(`Part ${number} has not been uploaded`);
      runs = withNumber(runs, number);
      chain = chained(chain, number, etag);
    }
    this.#uploaded = [];
    const { next } = this.#numbers;
    const reserved = reservedNumbers(this.#spare(countOf(runs)));
    this.#parts = { uploadId: this.#upload.uploadId, runs, next, reserved, chain };
    this.#numbers.published(next, reserved);
    return this.#parts;
  }

  /** What `snapshot` returned last has been committed. */
  committed(): void {
    if (this.#parts) this.#numbers.committed(this.#parts.next, this.#parts.reserved);
  }

  #add(part: UploadedPart): void {
    this.#uploaded.push(part);
    this.#last = part.number;
  }

  /** Numbers that the rest of the file does not need. */
  #spare(count: number): number {
    const { total, partSize, maxParts } = this.options;
    const left = maxParts - this.#numbers.next + 1;
    if (total === null) return left / 2;
    return left - Math.max(0, Math.ceil(total / partSize) - count);
  }

  /** A part of the same bytes that an earlier writer has left, which honest clients make us find. */
  async #equalStray(payload: Payload, options: CallOptions): Promise<StoredPart | null> {
    const { multipart, attempt, parts, adopts } = this.options;
    if (!adopts || attempt === 1 || !parts || !this.#upload) return null;
    this.#strays ??= await this.#listStrays(multipart, this.#upload, parts.next, options);
    const candidates = this.#strays.filter(
      ({ number, size }) => number > this.#last && size === payload.length,
    );
    if (candidates.length === 0) return null;
    const md5 = payload.md5 ?? (await md5Of(payload));
    return candidates.find(({ etag }) => etag.toLowerCase() === md5) ?? null;
  }

  async #listStrays(
    multipart: S3Multipart,
    upload: UploadPlace,
    next: number,
    options: CallOptions,
  ): Promise<StoredPart[]> {
    const parts = await multipart.parts(upload, next - 1, options);
    if (!parts) throw ChunkedUploadError.bytesMissing();
    // Not what this writer has sent itself.
    return parts.filter(({ number }) => number < this.#numbers.next);
  }
}

/** Between two commits only what removes the bytes ends an upload. */
function uploadGone(error: unknown): never {
  throw isNoUpload(error) ? ChunkedUploadError.bytesMissing(error) : error;
}
