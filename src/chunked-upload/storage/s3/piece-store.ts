import type { Readable } from 'node:stream';
import { ChunkedUploadError, hasCode } from '../../chunked-upload.errors.js';
import type { KeptPages } from '../../memory/store-account.js';
import { PAGE_BYTES, type StoreMemory } from '../../memory/store-memory.js';
import { type PagedBytes, bytesInPages } from './gathered-bytes.js';
import { BytesPayload, type Payload } from './payload.js';
import { bytesOf } from './object-bytes.js';
import { PieceRemoval } from './piece-removal.js';
import { type Piece, pieceKey } from './pieces.js';
import type { S3Bucket } from './s3-bucket.js';
import { type CallOptions, PATIENCE_MS } from './s3-calls.js';

/** A piece that is larger is not read only to know that it is there. */
const MOST_FETCHED = 16 * 1024 * 1024;

/**
 * The pieces of all uploads, which are kept in memory as well for as long as there is room: those
 * that become a part soon, and whose next chunk comes to the same process, are not read again.
 */
export class PieceStore {
  readonly #kept = new Map<string, KeptPages>();
  readonly #removal: PieceRemoval;

  constructor(
    private readonly bucket: S3Bucket,
    readonly memory: StoreMemory,
  ) {
    this.#removal = new PieceRemoval(bucket);
  }

  /** `bytes` have been counted as being sent; they are given back, or kept. */
  async put(key: string, piece: Piece, bytes: PagedBytes, options: CallOptions): Promise<void> {
    const { pages, length, md5 } = bytes;
    const name = pieceKey(key, piece);
    const payload = new BytesPayload(bytesInPages(pages, 0, length), md5);
    try {
      await this.bucket.put(name, payload, options);
    } catch (error) {
      this.memory.give(pages);
      throw error;
    } finally {
      this.memory.sends(-pages.length);
    }
    this.#keep(name, pages);
  }

  /** Several pieces as one. */
  async putJoined(
    key: string,
    piece: Piece,
    payload: Payload,
    options: CallOptions,
  ): Promise<void> {
    await this.bucket.put(pieceKey(key, piece), payload, options);
  }

  /** The pages of a piece that is in memory: the caller's from here on. */
  take(key: string, piece: Piece): Buffer[] | null {
    return this.#kept.get(pieceKey(key, piece))?.take() ?? null;
  }

  /**
   * Sees that the piece is there, and has it in memory afterwards where there is room: it will be
   * wanted soon. Where the store does not say, that is told of when the piece is wanted.
   * @throws ChunkedUploadError `bytes_missing`
   */
  async require(key: string, piece: Piece, options: CallOptions): Promise<void> {
    const name = pieceKey(key, piece);
    if (this.#kept.has(name)) return;
    const isSmall = piece.size > 0 && piece.size <= MOST_FETCHED;
    const pages = isSmall ? this.memory.spare(Math.ceil(piece.size / PAGE_BYTES)) : null;
    try {
      if (pages) {
        await this.#read(key, piece, pages, options);
        this.#keep(name, pages);
      } else if (!(await this.bucket.head(name, options))) throw ChunkedUploadError.bytesMissing();
    } catch (error) {
      this.memory.give(pages ?? []);
      if (hasCode(error, 'bytes_missing')) throw error;
    }
  }

  /** @throws ChunkedUploadError `bytes_missing` */
  async open(
    key: string,
    piece: Piece,
    { from, length }: { readonly from: number; readonly length: number },
    options: CallOptions,
  ): Promise<Readable> {
    const isAll = from === 0 && length === piece.size;
    const range = isAll ? undefined : { start: from, end: from + length - 1 };
    const opened = await this.bucket.get(pieceKey(key, piece), range, options);
    if (opened?.length === length) return opened.body;
    opened?.body.destroy();
    throw ChunkedUploadError.bytesMissing();
  }

  async remove(key: string, pieces: readonly Piece[], options: CallOptions = {}): Promise<void> {
    const names = pieces.map((piece) => pieceKey(key, piece));
    for (const name of names) this.memory.give(this.#kept.get(name)?.take() ?? []);
    await this.#removal.remove(names, options);
  }

  /** Those that are to be removed now: nobody does so yet, and it is of use to try. */
  toRemove(key: string, pieces: readonly Piece[]): Piece[] {
    if (this.#removal.isPaused) return [];
    return pieces.filter((piece) => {
      const name = pieceKey(key, piece);
      return !this.#removal.isGone(name) && !this.#removal.isGoing(name);
    });
  }

  /** Whether this process has removed it; false: nobody knows. */
  isGone(key: string, piece: Piece): boolean {
    return this.#removal.isGone(pieceKey(key, piece));
  }

  /** For so long as a call may take: what is read here is wanted soon, or not at all. */
  async #read(
    key: string,
    piece: Piece,
    pages: readonly Buffer[],
    { signal, ...options }: CallOptions,
  ): Promise<void> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), PATIENCE_MS);
    const signals = signal ? [limit.signal, signal] : [limit.signal];
    const limited = { ...options, signal: AbortSignal.any(signals) };
    try {
      const body = await this.open(key, piece, { from: 0, length: piece.size }, limited);
      await readInto(pages, bytesOf(body, limited));
    } finally {
      clearTimeout(timer);
    }
  }

  #keep(name: string, pages: Buffer[]): void {
    if (pages.length === 0) return;
    // Two may have read the same.
    this.memory.give(this.#kept.get(name)?.take() ?? []);
    const kept = this.memory.keep(pages, () => this.#kept.delete(name));
    this.#kept.set(name, kept);
  }
}

async function readInto(pages: readonly Buffer[], bytes: AsyncIterable<Buffer>): Promise<void> {
  let at = 0;
  for await (const chunk of bytes) {
    for (let done = 0; done < chunk.length;) {
      const page = pages[Math.floor(at / PAGE_BYTES)];
      if (!page) throw new Error('The store sent more than it had announced');
      const copied = chunk.copy(page, at % PAGE_BYTES, done);
      at += copied;
      done += copied;
    }
  }
}
