import { setTimeout as sleep } from 'node:timers/promises';
import type { PagedBytes } from './gathered-bytes.js';
import { PartSource, type Slice } from './part-source.js';
import type { PieceStore } from './piece-store.js';
import type { Piece } from './pieces.js';
import type { CallOptions } from './s3-calls.js';
import { type UnfinishedState, bytesIn, bytesInParts } from './s3-state.js';

/** Pieces that a state names at most: it must stay small. */
const MOST_PIECES = 80;
/** And of those to be removed: all of one part, and some. */
const MOST_DROPPED = 88;
/** Bytes that are written again at once, at most: a chunk waits for it. */
const MOST_REWRITTEN = 256 * 1024 * 1024;
/** Pieces that nobody needs any more are removed so many at a time. */
const DROPPED_AT_ONCE = 8;
const DROPPED_WITHIN_MS = 500;

export interface PieceSeriesOptions extends CallOptions {
  readonly store: PieceStore;
  readonly key: string;
  /** The writer's, shortened. */
  readonly token: string;
}

/** The pieces of an upload that are in no part yet, as one writer continues them. */
export class PieceSeries {
  readonly #pieces: Piece[];
  /** Bytes of the first piece that are in a part already. */
  #skip: number;
  /** Where they begin: all before is in parts. */
  #start: number;
  /** Those that nobody needs any more, but for a state that names them yet. */
  #dropped: Piece[];
  /** Those that no state needs once the last snapshot is committed. */
  #removable: readonly Piece[];
  #dropping: Promise<void> | null = null;
  /** Those of this writer that no state names yet. */
  #unnamed: Piece[] = [];
  #arriving = 0;

  constructor(
    private readonly options: PieceSeriesOptions,
    state: UnfinishedState,
  ) {
    this.#pieces = [...state.pieces];
    this.#skip = state.skip;
    this.#start = bytesInParts(state);
    this.#dropped = [...state.dropped];
    this.#removable = state.dropped;
    this.removeDropped();
  }

  /** Bytes. */
  get length(): number {
    return bytesIn(this.#pieces) - this.#skip;
  }

  get count(): number {
    return this.#pieces.length;
  }

  /** Of their end in the file. */
  get end(): number {
    return this.#start + this.length;
  }

  /** Whether some are on their way. */
  get isArriving(): boolean {
    return this.#arriving > 0;
  }

  /** What the next state says of them, which is to be committed. */
  snapshot(): Pick<UnfinishedState, 'pieces' | 'skip' | 'dropped' | 'dirty'> {
    const { store, key } = this.options;
    this.#unnamed = [];
    this.#dropped = this.#dropped.filter((piece) => !store.isGone(key, piece));
    this.#removable = [...this.#dropped];
    return {
      pieces: [...this.#pieces],
      skip: this.#skip,
      dropped: this.#dropped.slice(0, MOST_DROPPED),
      // What is not named is found by the completion, which is told to look.
      dirty: this.#dropped.length > MOST_DROPPED,
    };
  }

  /** Puts one at their end. It is there when the returned function, which stores it, has ended. */
  add(bytes: PagedBytes): () => Promise<void> {
    const { store, key, token, signal, moved } = this.options;
    const piece = { offset: this.end, size: bytes.length, token };
    this.#pieces.push(piece);
    this.#unnamed.push(piece);
    this.#arriving += 1;
    return () =>
      store.put(key, piece, bytes, { signal, moved }).finally(() => {
        this.#arriving -= 1;
      });
  }

  /** The first bytes, and `fresh` behind them. */
  source(length: number, fresh: PagedBytes | null): PartSource {
    const { store, key, signal, moved } = this.options;
    const slices = slicesOf(this.#pieces, this.#skip, length);
    return new PartSource(store, key, slices, fresh, { signal, moved });
  }

  /** The first bytes, so many of pieces, are in a part of `partSize` from here on. */
  cut(length: number, partSize: number): void {
    this.#start += partSize;
    this.#skip += length;
    for (let [first] = this.#pieces; first && first.size <= this.#skip; [first] = this.#pieces) {
      this.#skip -= first.size;
      this.#dropped.push(first);
      this.#pieces.shift();
    }
  }

  /** Makes fewer of them where a state would name too many. */
  async join(): Promise<void> {
    while (this.#pieces.length > MOST_PIECES) await this.#joinSome();
  }

  async #joinSome(): Promise<void> {
    const { store, key, token, signal, moved } = this.options;
    const joined = worthJoining(this.#pieces);
    const [first] = joined;
    if (!first) return;
    const size = bytesIn(joined);
    const piece = { offset: first.offset, size, token };
    const source = new PartSource(store, key, slicesOf(joined, 0, size), null, { signal, moved });
    this.#unnamed.push(piece);
    try {
      await store.putJoined(key, piece, source, { signal, moved });
    } finally {
      source.release();
    }
    this.#pieces.splice(this.#pieces.indexOf(first), joined.length, piece);
    this.#dropped.push(...joined);
  }

  /** To be called when the last snapshot, or the state at the beginning, has been committed. */
  removeDropped(): void {
    const { store, key } = this.options;
    if (this.#dropping) return;
    const dropped = store.toRemove(key, this.#removable);
    if (dropped.length < DROPPED_AT_ONCE) return;
    // What stays is tried again with the next.
    this.#dropping = store
      .remove(key, dropped)
      .catch(ignore)
      .finally(() => {
        this.#dropping = null;
      });
  }

  /** Waits a little: the next state need not name what is gone, and nobody removes it again. */
  async droppedSoon(): Promise<void> {
    if (!this.#dropping) return;
    const soon = new AbortController();
    const limit = sleep(DROPPED_WITHIN_MS, undefined, { signal: soon.signal }).catch(ignore);
    await Promise.race([this.#dropping, limit]);
    soon.abort();
  }

  /** Removes what no state names. */
  async removeUnnamed(): Promise<void> {
    const { store, key } = this.options;
    await store.remove(key, this.#unnamed);
  }
}

/** Where `length` bytes of the pieces lie, those from `from` on. */
export function slicesOf(pieces: readonly Piece[], from: number, length: number): Slice[] {
  const slices: Slice[] = [];
  let skip = from;
  let left = length;
  for (const piece of pieces) {
    if (left === 0) break;
    const taken = Math.max(0, Math.min(piece.size - skip, left));
    if (taken > 0) slices.push({ piece, from: skip, length: taken });
    left -= taken;
    skip = Math.max(0, skip - piece.size);
  }
  return slices;
}

/**
 * As many neighbours as may be, none of which is larger than all others together. So a byte that is
 * written again lies in a piece twice as large from then on, which happens only a few times.
 */
function worthJoining(pieces: readonly Piece[]): readonly Piece[] {
  for (let count = Math.min(pieces.length, MOST_PIECES); count > 1; count -= 1) {
    const worthwhile = neighbours(pieces, count).filter((run) => {
      const size = bytesIn(run);
      const largest = Math.max(...run.map((piece) => piece.size));
      return size <= MOST_REWRITTEN && largest <= size - largest;
    });
    if (worthwhile.length > 0) return smallest(worthwhile);
  }
  return smallest(neighbours(pieces, 2));
}

function neighbours(pieces: readonly Piece[], count: number): Piece[][] {
  const runs = pieces.length - count + 1;
  return Array.from({ length: runs }, (_, from) => pieces.slice(from, from + count));
}

function smallest(runs: readonly Piece[][]): readonly Piece[] {
  const [first = []] = runs.toSorted((one, other) => bytesIn(one) - bytesIn(other));
  return first;
}

function ignore(): void {}
