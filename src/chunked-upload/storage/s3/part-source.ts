import type { Readable } from 'node:stream';
import { type PagedBytes, bytesInPages } from './gathered-bytes.js';
import { bytesOf } from './object-bytes.js';
import { BytesPayload, type Payload } from './payload.js';
import type { PieceStore } from './piece-store.js';
import type { Piece } from './pieces.js';
import type { CallOptions } from './s3-calls.js';

/** Some bytes of a piece. */
export interface Slice {
  readonly piece: Piece;
  /** Within the piece. */
  readonly from: number;
  readonly length: number;
}

/** Opened before they are read: small ones would take longer to open than to read. */
const READ_AHEAD = 4;

/**
 * The bytes of one part, wherever they are: in pieces, of which some are in memory, and what has just
 * come. It reads what is not in memory while it is sent.
 */
export class PartSource implements Payload {
  readonly length: number;
  readonly #inMemory = new Map<Slice, Buffer[]>();
  readonly #kept: Buffer[] = [];
  readonly #freshPages: Buffer[];
  readonly #fresh: BytesPayload;
  /** Where all is in memory. */
  readonly #whole: BytesPayload | null;

  constructor(
    private readonly store: PieceStore,
    private readonly key: string,
    private readonly slices: readonly Slice[],
    /** What follows on the pieces; they have been counted as being sent. */
    fresh: PagedBytes | null,
    private readonly options: CallOptions,
  ) {
    for (const slice of slices) {
      const pages = store.take(key, slice.piece);
      if (!pages) continue;
      store.memory.sends(pages.length);
      this.#kept.push(...pages);
      this.#inMemory.set(slice, bytesInPages(pages, slice.from, slice.length));
    }
    const bytes = fresh ? bytesInPages(fresh.pages, 0, fresh.length) : [];
    this.#freshPages = [...(fresh?.pages ?? [])];
    this.#fresh = new BytesPayload(bytes, fresh?.md5);
    this.length = slices.reduce((sum, { length }) => sum + length, this.#fresh.length);
    this.#whole = this.#inMemory.size < slices.length ? null : this.#together(bytes);
  }

  get md5(): string | null {
    return this.#whole?.md5 ?? null;
  }

  chunks(): AsyncIterable<Uint8Array> {
    return this.#whole ? this.#whole.chunks() : this.#read();
  }

  /** Gives the memory back, also that of what has just come unless it stays the caller's. */
  release(withFresh = true): void {
    const pages = this.#kept.splice(0);
    if (withFresh) pages.push(...this.#freshPages.splice(0));
    this.store.memory.sends(-pages.length);
    this.store.memory.give(pages);
  }

  #together(fresh: readonly Buffer[]): BytesPayload {
    if (this.slices.length === 0) return this.#fresh;
    return new BytesPayload([...[...this.#inMemory.values()].flat(), ...fresh]);
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    const opened: { slice: Slice; body: Promise<Readable> }[] = [];
    const remote = this.slices.filter((slice) => !this.#inMemory.has(slice));
    const openSome = (): void => {
      while (opened.length < READ_AHEAD && remote.length > 0) {
        const slice = remote.shift();
        if (slice) opened.push({ slice, body: this.#open(slice) });
      }
    };
    try {
      for (const slice of this.slices) {
        const bytes = this.#inMemory.get(slice);
        if (bytes) {
          yield* bytes;
          continue;
        }
        openSome();
        const [next] = opened;
        if (!next) continue;
        yield* bytesOf(await next.body, this.options);
        opened.shift();
      }
      yield* this.#fresh.chunks();
    } finally {
      for (const { body } of opened) void body.then((stream) => stream.destroy(), ignore);
    }
  }

  #open({ piece, from, length }: Slice): Promise<Readable> {
    const body = this.store.open(this.key, piece, { from, length }, this.options);
    // Told of when it is read.
    body.catch(ignore);
    return body;
  }
}

function ignore(): void {}
