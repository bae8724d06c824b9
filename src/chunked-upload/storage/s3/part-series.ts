import type { KnownParts } from './known-parts.js';
import { chained, proofOfSize } from './parts-chain.js';
import {
  PartNumbers,
  countOf,
  leavesOutMany,
  reservedNumbers,
  withNumber,
} from './part-numbers.js';
import { type Payload, md5Of } from './payload.js';
import { type CallOptions, LEAST_TRY_MS, PATIENCE_MS, STALL_MS } from './s3-calls.js';
import { isNoUpload, isRefusal, isUnanswered, mostPartsOf } from './s3-errors.js';
import type { PartId, PartTag, S3Multipart, StoredPart, UploadPlace } from './s3-multipart.js';
import type { CommittedParts } from './s3-state.js';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';

/** Runs of numbers that a state names at most: it must stay small. */
const MOST_RUNS = 60;
/** Numbers that a part is sent under, one after the other, where no answer comes. */
const MOST_NUMBERS = 3;

export interface SeriesOptions {
  readonly multipart: S3Multipart;
  readonly known: KnownParts;
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
  /**
   * Whether a request that fails takes the part along that another one has made under its number: so
   * no number is used again behind a request whose answer was lost.
   */
  readonly renumbers: boolean;
}

interface UploadedPart {
  number: number;
  /** Null: it is on its way. */
  tag: PartTag | null;
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
  #hasOthers = false;
  #beginning: Promise<UploadPlace> | null = null;
  #last: number;
  #runs: number;
  #count: number;

  constructor(private readonly options: SeriesOptions) {
    const { parts, finalKey, maxParts: most, attempt } = options;
    this.#parts = parts;
    this.#upload = parts && { key: finalKey, uploadId: parts.uploadId };
    this.#numbers = parts ? PartNumbers.shared({ ...parts, attempt, most }) : PartNumbers.own(most);
    const [first, count] = parts?.runs.at(-1) ?? [1, 0];
    this.#last = first + count - 1;
    this.#runs = parts?.runs.length ?? 0;
    this.#count = countOf(parts?.runs ?? []);
  }

  /** The upload that this writer has begun; null: it has none of its own. */
  async own(): Promise<UploadPlace | null> {
    await this.#beginning?.catch(ignore);
    return this.options.parts ? null : this.#upload;
  }

  /** Whether it may have left what no state names: another upload, or a part under another number. */
  get hasOthers(): boolean {
    // One that has no part is ended with its writer, if that lives.
    return this.#hasOthers || (this.#beginning !== null && this.#parts === null);
  }

  /** Numbers that no part of the file has, and none can have: there are larger ones. */
  get leftOut(): number {
    return this.#last - this.#count;
  }

  /** Begins an upload where there is none, which the first part waits for. */
  begin(): void {
    if (this.#upload || this.#beginning) return;
    this.#beginning = this.#create();
    // Told of to the first part.
    this.#beginning.catch(ignore);
  }

  /** Where the next part goes; null: it has to stay in pieces for now. */
  async place(payload: Payload, options: CallOptions): Promise<PartPlace | null> {
    if (this.#isRefused) return null;
    this.begin();
    const upload = this.#upload ?? (await this.#beginning);
    if (!upload) return null;
    const stray = await this.#equalStray(payload, options);
    if (stray && this.#hasRoomFor(stray.number)) {
      this.#add({ number: stray.number, tag: { etag: stray.etag, isSum: true } });
      return { upload: async () => undefined };
    }
    if (!this.#hasRoomFor(this.#numbers.next)) return null;
    const number = this.#numbers.take();
    if (number === null) return null;
    const isNext = number === this.#last + 1;
    const part: UploadedPart = { number, tag: null };
    const send = async (): Promise<void> => {
      part.tag = await this.#send(upload, part, payload, options).catch(uploadGone);
    };
    if (!isNext) {
      // Some stores take no number that leaves others out: then there is none for this writer.
      try {
        await send();
      } catch (error) {
        requireRoom(error, this.#last + 1);
        if (!isRefusal(error)) throw error;
        this.#isRefused = true;
        return null;
      }
    }
    this.#add(part);
    const sendNext = async (): Promise<void> =>
      send().catch((error: unknown) => {
        requireRoom(error, part.number);
        throw error;
      });
    return { upload: async () => (isNext ? sendNext() : undefined) };
  }

  /** What is to be committed: all parts so far, which must have been uploaded. Null: none. */
  snapshot(): CommittedParts | null {
    if (!this.#upload || (this.#uploaded.length === 0 && !this.#parts)) return null;
    const before = this.#parts ?? { runs: [], chain: '', opaqueFrom: null };
    let { runs, chain, opaqueFrom } = before;
    const made: PartId[] = [];
    for (const { number, tag } of this.#uploaded) {
      if (tag === null) throw new Error(`Part ${number} has not been uploaded`);
      if (!tag.isSum) opaqueFrom ??= countOf(runs);
      const proof = opaqueFrom === null ? tag.etag : proofOfSize(this.options.partSize);
      runs = withNumber(runs, number);
      chain = chained(chain, number, proof);
      made.push({ number, etag: tag.etag });
    }
    this.#uploaded = [];
    const { next } = this.#numbers;
    const reserved = reservedNumbers(this.#spare(countOf(runs)));
    const { uploadId } = this.#upload;
    const snapshot = { uploadId, runs, next, reserved, chain, opaqueFrom };
    this.options.known.add(this.#parts, made, snapshot);
    this.#parts = snapshot;
    this.#numbers.published(next, reserved);
    return this.#parts;
  }

  /** What `snapshot` returned last has been committed. */
  committed(): void {
    if (this.#parts) this.#numbers.committed(this.#parts.next, this.#parts.reserved);
  }

  async #create(): Promise<UploadPlace> {
    const { multipart, finalKey, identity } = this.options;
    const again = (): void => {
      this.#hasOthers = true;
    };
    // Not with the writer's end: without an answer nobody could end an upload that was begun.
    const uploadId = await multipart.create(finalKey, identity, { again });
    this.#upload = { key: finalKey, uploadId };
    return this.#upload;
  }

  async #send(
    upload: UploadPlace,
    part: UploadedPart,
    payload: Payload,
    options: CallOptions,
  ): Promise<PartTag> {
    const { multipart, renumbers } = this.options;
    if (!renumbers) return multipart.uploadPart(upload, part.number, payload, options);
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (let tries = 1; ; tries += 1) {
      const { number } = part;
      const limitMs = Math.min(STALL_MS, giveUpAt - performance.now());
      try {
        const once = { ...options, endsUnanswered: true, limitMs };
        return await multipart.uploadPart(upload, number, payload, once);
      } catch (error) {
        // Behind those that have got a number since then there is none for this one.
        const isLast = this.#numbers.next === number + 1;
        const hasTime = performance.now() + LEAST_TRY_MS < giveUpAt && tries < MOST_NUMBERS;
        const mayLeaveOut = this.#runs < MOST_RUNS && !leavesOutMany(number + 1, this.#count);
        const mayGoOn = isUnanswered(error) && isLast && hasTime && mayLeaveOut;
        const next = mayGoOn && !options.signal?.aborted ? this.#numbers.take() : null;
        if (next === null) throw error;
        // It may be there under the number before, too.
        this.#hasOthers = true;
        part.number = next;
        if (this.#last === number) {
          this.#last = next;
          this.#runs += 1;
        }
      }
    }
  }

  /** After that many writers that never committed the rest stays in pieces until the end. */
  #hasRoomFor(number: number): boolean {
    if (number === this.#last + 1) return true;
    return this.#runs < MOST_RUNS && !leavesOutMany(number, this.#count);
  }

  #add(part: UploadedPart): void {
    this.#uploaded.push(part);
    this.#count += 1;
    if (part.number !== this.#last + 1 || this.#runs === 0) this.#runs += 1;
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

/** @throws ChunkedUploadError where the store has said that it takes no part of this number */
function requireRoom(error: unknown, number: number): void {
  const most = mostPartsOf(error);
  if (most !== null && number > most) throw ChunkedUploadError.exceedsStorage(error);
}

function ignore(): void {}
