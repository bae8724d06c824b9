import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  coveredBytes,
  joinPlanKey,
  parsePieceKey,
  pieceKey,
  pieceToken,
} from '../../src/chunked-upload/storage/s3/pieces.js';
import {
  type UnfinishedState,
  committedBytes,
  decodeState,
  encodeState,
  newIdentity,
} from '../../src/chunked-upload/storage/s3/s3-state.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
/** The contract's, in bytes. */
const LARGEST_STATE = 8 * 1024;

const EMPTY: UnfinishedState = {
  identity: newIdentity(),
  partSize: 8 * MIB,
  parts: null,
  pieces: [],
  skip: 0,
  dropped: [],
  dirty: false,
};

function pieces(count: number, from: number, size: number) {
  return Array.from({ length: count }, (_, index) => ({
    offset: from + index * size,
    size,
    token: pieceToken(randomUUID()),
  }));
}

function stored(state: UnfinishedState): unknown {
  return decodeState(JSON.parse(JSON.stringify(encodeState(state))));
}

describe('The state in the row', () => {
  it('says the same when it is read again', () => {
    const parts = {
      uploadId: 'u'.repeat(128),
      runs: [
        [1, 37],
        [50, 2],
      ] as const,
      next: 52,
      reserved: 12,
      chain: 'c'.repeat(43),
      opaqueFrom: null,
    };
    const start = 39 * EMPTY.partSize;
    const states: UnfinishedState[] = [
      EMPTY,
      { ...EMPTY, pieces: pieces(3, 0, MIB), dirty: true },
      { ...EMPTY, parts, pieces: pieces(2, start, MIB), dropped: pieces(5, start - MIB, 77) },
      { ...EMPTY, parts, pieces: pieces(2, start - 1000, GIB), skip: 1000 },
      { ...EMPTY, parts: { ...parts, opaqueFrom: 0 } },
    ];
    for (const state of states) expect(stored(state)).toEqual(state);
    expect(committedBytes(states[3] ?? EMPTY)).toBe(start - 1000 + 2 * GIB);
    const finished = { identity: EMPTY.identity, size: 5 };
    expect(decodeState(encodeState(finished))).toEqual(finished);
    expect(decodeState(null)).toBeNull();
  });

  it('is below 8 KiB, however many pieces, takeovers and files of many TiB', () => {
    const runs = Array.from({ length: 60 }, (_, index) => [index * 150 + 1, 149] as const);
    const state: UnfinishedState = {
      ...EMPTY,
      partSize: 5 * GIB,
      parts: {
        uploadId: 'u'.repeat(340),
        runs,
        next: 9001,
        reserved: 1,
        chain: 'c'.repeat(43),
        opaqueFrom: 8999,
      },
      pieces: pieces(80, 59 * 149 * 5 * GIB, GIB),
      dropped: pieces(88, 5 * 1024 * GIB, GIB),
      skip: GIB - 1,
      dirty: true,
    };
    expect(JSON.stringify(encodeState(state)).length).toBeLessThan(LARGEST_STATE);
  });

  it('of another storage is not taken for ours', () => {
    expect(() => decodeState({ writer: 'x' })).toThrow(/another version/);
  });
});

describe('The name of a piece', () => {
  const key = 'a/b.c/0b1f7c5e-7d0c-4b1e-9c5b-0e1f2a3b4c5d.part.bin';

  it('says what it is, and of which upload', () => {
    const [piece = EMPTY.pieces[0]] = pieces(1, 123_456_789_012, 5 * GIB);
    if (!piece) throw new Error('none');
    const name = pieceKey(key, piece);
    expect(name.startsWith(`${key}.`)).toBe(true);
    expect(parsePieceKey(name)).toEqual({ key, piece });
  });

  it('is no name of anything else', () => {
    for (const other of [key, `${key}.x`, 'a/b', '', '.0-0-x', `${key}.000000000000-1-short`]) {
      expect(parsePieceKey(other)).toBeNull();
    }
  });

  it('is like that of the plan of a join, which is none of the bytes', () => {
    const plan = parsePieceKey(joinPlanKey(key, 12 * GIB));
    expect(plan?.key).toBe(key);
    expect(coveredBytes(plan ? [plan.piece] : [])).toBe(0);
  });
});

describe('What pieces hold together', () => {
  it('ends at the first gap', () => {
    const at = (offset: number, size: number) => ({ offset, size, token: '' });
    expect(coveredBytes([at(10, 5), at(0, 10), at(20, 5)])).toBe(15);
    expect(coveredBytes([at(0, 10), at(2, 3), at(4, 20)])).toBe(24);
    expect(coveredBytes([at(1, 10)])).toBe(0);
    expect(coveredBytes([at(5, 10)], 5)).toBe(15);
  });
});
