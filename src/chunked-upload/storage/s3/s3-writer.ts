import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { tellProgress } from '../call-progress.js';
import type { OpenOptions, StorageState, StorageWriter, StoredFile } from '../storage.provider.js';
import type { Finishing } from './finishing.js';
import { GatheredBytes, type PagedBytes, bytesInPages } from './gathered-bytes.js';
import { PartSeries } from './part-series.js';
import { BytesPayload } from './payload.js';
import { PieceSeries } from './piece-series.js';
import { pieceToken } from './pieces.js';
import type { S3Parts } from './s3-parts.js';
import { type UnfinishedState, encodeState } from './s3-state.js';
import { Transfers } from './transfers.js';

/** More is not gathered in memory: larger parts are made of pieces. */
const MOST_GATHERED = 16 * 1024 * 1024;

/**
 * For so long, in milliseconds, bytes are gathered that come: then they are stored, however few. The
 * reconciliation knows an upload without a record, of another process, by what is stored alone, and takes
 * it for lost after an hour. Its sender may be silent for half of that.
 */
const LONGEST_GATHERED_MS = 10 * 60_000;

/**
 * One writer of an upload. It gathers bytes until they are a part, and sends parts side by side. What
 * is less than a part when it is to be durable becomes a piece, an object of its own.
 */
export class S3Writer implements StorageWriter {
  readonly #abort = new AbortController();
  #movedAt = performance.now();
  /** When it last began to store something. */
  #storedAt = performance.now();
  readonly #options = {
    signal: this.#abort.signal,
    moved: (): void => {
      this.#movedAt = performance.now();
    },
  };
  readonly #gathered: GatheredBytes;
  readonly #mostGathered: number;
  readonly #transfers: Transfers;
  readonly #parts: PartSeries;
  readonly #pieces: PieceSeries;
  /** Rejects where what is committed is not there. */
  readonly #existence: Promise<void>;
  #isPublished = false;
  #isClosed = false;

  constructor(
    private readonly shared: S3Parts,
    private readonly finishing: Finishing,
    private readonly file: StoredFile,
    private readonly state: UnfinishedState,
    private readonly opened: OpenOptions,
    /** Whether a request that fails takes the part of its number along (R2). */
    losesParts: boolean,
  ) {
    const { identity, partSize, pieces, parts } = state;
    const { attempt, total } = opened;
    const { multipart, options, store, known } = shared;
    const { key, finalKey } = file;
    const { concurrency, maxParts } = options;
    const account = store.memory.open(() => this.#begin(this.#send()));
    this.#gathered = new GatheredBytes(account);
    this.#mostGathered = Math.min(MOST_GATHERED, store.memory.limit / 2);
    this.#transfers = new Transfers(concurrency);
    const series = { multipart, known, finalKey, identity, parts, partSize, maxParts, total };
    this.#parts = new PartSeries({
      ...series,
      attempt,
      // One that another writer has sent, and may be sending again, cannot be relied on there.
      adopts: !losesParts || !opened.contested,
      renumbers: losesParts,
    });
    const token = pieceToken(opened.token);
    this.#pieces = new PieceSeries({ store, key, token, ...this.#options }, state);
    const last = pieces.at(-1);
    this.#existence = last ? store.require(key, last, this.#options) : Promise.resolve();
    // Told of at the next sync.
    this.#existence.catch(ignore);
    // A large part takes as long as it takes to be copied, and others may be first to get memory.
    tellProgress(this, () => (this.#gathered.isWaiting ? performance.now() : this.#movedAt));
  }

  async write(buffers: readonly Uint8Array[]): Promise<void> {
    const size = buffers.reduce((sum, { length }) => sum + length, 0);
    const most = this.state.partSize * (this.shared.options.maxParts - this.#parts.leftOut);
    if (this.#position + size > most) throw ChunkedUploadError.exceedsStorage();
    // A part there will be, and it need not wait for the upload that it is one of. Not before the first
    // byte: whoever comes after a writer that has written nothing does not look for what it left.
    if ((this.opened.length ?? 0) >= this.state.partSize) this.#parts.begin();
    try {
      for (const bytes of buffers) await this.#gather(bytes);
    } catch (error) {
      // Some of them may have been taken: what is in hand is no beginning of anything any more.
      this.#transfers.fail(error);
      throw error;
    }
  }

  async sync(): Promise<StorageState> {
    return encodeState(await this.#sync());
  }

  async finish(): Promise<StorageState> {
    const { file, opened } = this;
    const size = this.#position;
    if (this.#gathered.length === size) return this.#putWhole(size);
    const { attempt, contested } = opened;
    const synced = await this.#sync();
    return encodeState(await this.finishing.finish(file, synced, size, { attempt, contested }));
  }

  committed(): void {
    this.#parts.committed();
    this.#pieces.removeDropped();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#abort.abort();
    this.#gathered.stopWaiting(closed());
    await this.#transfers.ended();
    this.#gathered.drop();
    // What no state names is nobody's.
    await this.#pieces.removeUnnamed().catch(ignore);
    const own = await this.#parts.own();
    if (own && !this.#isPublished) await this.shared.multipart.abort(own).catch(ignore);
  }

  get #position(): number {
    return this.#pieces.end + this.#gathered.length;
  }

  async #sync(): Promise<UnfinishedState> {
    // Also a file of no bytes is to be found.
    const isNothing = this.#position === 0 && this.#pieces.count === 0;
    if (this.#gathered.length > 0 || isNothing) this.#begin(this.#send());
    await this.#transfers.settled();
    await this.#existence;
    await this.#pieces.join();
    await this.#pieces.droppedSoon();
    const { state, opened } = this;
    const parts = this.#parts.snapshot();
    this.#isPublished ||= parts !== null;
    const pieces = this.#pieces.snapshot();
    const isAlone = opened.attempt === 1 && !opened.contested && !this.#parts.hasOthers;
    return { ...state, parts, ...pieces, dirty: state.dirty || pieces.dirty || !isAlone };
  }

  /** A file that came whole, and lies whole in memory. */
  async #putWhole(size: number): Promise<StorageState> {
    const { identity } = this.state;
    const { pages, length, md5 } = this.#gathered.send();
    const payload = new BytesPayload(bytesInPages(pages, 0, length), md5);
    const put = { identity, ...this.#options };
    try {
      await this.shared.bucket.putFinal(this.file.finalKey, payload, put);
    } finally {
      this.#giveBack(pages);
    }
    return encodeState({ identity, size });
  }

  async #gather(bytes: Uint8Array): Promise<void> {
    const { partSize } = this.state;
    for (let left = bytes; left.length > 0;) {
      this.#transfers.requireSound();
      const room = this.#mostGathered - this.#gathered.length;
      const toPart = partSize - ((this.#pieces.length + this.#gathered.length) % partSize);
      left = left.subarray(await this.#gathered.append(left.subarray(0, Math.min(room, toPart))));
      // It may have waited for room until nobody waited for it any more.
      if (this.#isClosed) {
        this.#gathered.drop();
        throw closed();
      }
      if ((this.#pieces.length + this.#gathered.length) % partSize === 0) {
        await this.#endParts(this.#send());
      } else if (this.#gathered.length >= this.#mostGathered || this.#hasGatheredForLong) {
        await this.#addPiece(this.#send());
      }
    }
  }

  get #hasGatheredForLong(): boolean {
    return performance.now() - this.#storedAt > LONGEST_GATHERED_MS;
  }

  /** All that has been gathered: it is to be stored now. */
  #send(): PagedBytes {
    this.#storedAt = performance.now();
    return this.#gathered.send();
  }

  /** Waits until it is on its way. */
  async #addPiece(fresh: PagedBytes): Promise<void> {
    try {
      await this.#transfers.start(this.#pieces.add(fresh));
    } catch (error) {
      // Another transfer has failed meanwhile: this one is never begun.
      this.#giveBack(fresh.pages);
      throw error;
    }
  }

  /** Makes parts of the pieces, and of `fresh` that is their end. */
  async #endParts(fresh: PagedBytes): Promise<void> {
    const { partSize } = this.state;
    try {
      // What becomes a part must be there.
      if (this.#pieces.isArriving) await this.#transfers.settled();
      await this.#existence;
      while (this.#pieces.length >= partSize) {
        if (!(await this.#endPart(null))) break;
      }
    } catch (error) {
      this.#giveBack(fresh.pages);
      throw error;
    }
    if (this.#pieces.length < partSize && (await this.#endPart(fresh))) return;
    // As a piece it is as safe: the next writer, or the end, makes parts of these.
    this.#begin(fresh);
  }

  /** False: it cannot be made now, and `fresh` is the caller's. */
  async #endPart(fresh: PagedBytes | null): Promise<boolean> {
    const fromPieces = this.state.partSize - (fresh?.length ?? 0);
    const source = this.#pieces.source(fromPieces, fresh);
    try {
      const place = await this.#parts.place(source, this.#options);
      if (!place) {
        source.release(false);
        return false;
      }
      this.#pieces.cut(fromPieces, this.state.partSize);
      await this.#transfers.start(() =>
        place.upload(source, this.#options).finally(() => source.release()),
      );
      return true;
    } catch (error) {
      source.release();
      throw error;
    }
  }

  /** Makes a piece at once, however many are on their way. */
  #begin(bytes: PagedBytes): void {
    this.#transfers.begin(this.#pieces.add(bytes));
  }

  #giveBack(pages: readonly Buffer[]): void {
    const { memory } = this.shared.store;
    memory.sends(-pages.length);
    memory.give(pages);
  }
}

function closed(): ChunkedUploadError {
  return ChunkedUploadError.unavailable('The writer has been closed');
}

function ignore(): void {}
