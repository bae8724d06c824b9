import { expect, it } from 'vitest';
import { PieceSeries } from '../../src/chunked-upload/storage/s3/piece-series.js';
import type { PieceStore } from '../../src/chunked-upload/storage/s3/piece-store.js';
import type { Piece } from '../../src/chunked-upload/storage/s3/pieces.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const EMPTY = {
  identity: 'i',
  partSize: 5 * GIB,
  parts: null,
  pieces: [],
  skip: 0,
  dropped: [],
  dirty: false,
};

it.each([64 * KIB, MIB, 3 * MIB, 16 * MIB])(
  'Pieces of %s bytes are joined a bounded number of bytes at a time, each byte a few times',
  async (size) => {
    const joined: number[] = [];
    const store = {
      put: async () => undefined,
      putJoined: async (_: string, piece: Piece) => void joined.push(piece.size),
      take: () => null,
      isGone: () => true,
      toRemove: () => [],
      memory: { sends: () => undefined, give: () => undefined },
    } as unknown as PieceStore;
    const series = new PieceSeries({ store, key: 'a', token: 't' }, EMPTY);
    const all = 4.5 * GIB;
    for (let at = 0; at < all; at += size) {
      await series.add({ pages: [], length: size, md5: '' })();
      await series.join();
      series.snapshot();
    }
    expect(series.end).toBe(all);
    expect(series.count).toBeLessThanOrEqual(80);
    expect(Math.max(...joined)).toBeLessThanOrEqual(256 * MIB);
    const rewritten = joined.reduce((sum, bytes) => sum + bytes, 0);
    expect(rewritten / all).toBeLessThan(6);
  },
);
