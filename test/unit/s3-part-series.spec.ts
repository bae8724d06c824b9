import { describe, expect, it, vi } from 'vitest';
import { KnownParts } from '../../src/chunked-upload/storage/s3/known-parts.js';
import { PartSeries } from '../../src/chunked-upload/storage/s3/part-series.js';
import { BytesPayload } from '../../src/chunked-upload/storage/s3/payload.js';
import type { CallOptions } from '../../src/chunked-upload/storage/s3/s3-calls.js';
import type { S3Multipart } from '../../src/chunked-upload/storage/s3/s3-multipart.js';
import type { CommittedParts } from '../../src/chunked-upload/storage/s3/s3-state.js';

const MIB = 1024 * 1024;
const PART = new BytesPayload([Buffer.from('part')]);

const multipart = {
  create: async () => 'upload',
  parts: async () => [],
  uploadPart: async (_: unknown, number: number) => ({ etag: `etag-${number}`, isSum: true }),
} as unknown as S3Multipart;

/** What a writer commits that makes so many parts, `dead` writers after the last commit. */
async function write(before: CommittedParts | null, dead: number, parts: number) {
  const series = new PartSeries({
    multipart,
    known: new KnownParts(),
    finalKey: 'a',
    identity: 'i',
    parts: before,
    partSize: 8 * MIB,
    maxParts: 10_000,
    total: null,
    attempt: dead + 1,
    adopts: true,
    renumbers: false,
  });
  for (let made = 0; made < parts; made += 1) {
    const place = await series.place(PART, {});
    if (!place) break;
    await place.upload(PART, {});
  }
  return series.snapshot();
}

it('The runs of part numbers are limited, however many writers die between two commits', async () => {
  let parts = await write(null, 0, 3);
  for (let turn = 0; turn < 500; turn += 1) parts = await write(parts, 1, 2);
  expect(parts?.runs).toHaveLength(60);
  // Who goes on where the last one has ended needs no further run.
  const [first = 0, count = 0] = parts?.runs.at(-1) ?? [];
  expect(parts?.next).toBeGreaterThanOrEqual(first + count);
});

describe('A number whose request was not answered, where to use it again would be a danger', () => {
  /** A series whose requests are answered by `upload`, and the numbers that it has used. */
  function answeredBy(upload: (number: number, options: CallOptions) => Promise<void>) {
    const used: number[] = [];
    const series = new PartSeries({
      multipart: {
        create: async () => 'upload',
        uploadPart: async (_: unknown, number: number, __: unknown, options: CallOptions) => {
          used.push(number);
          await upload(number, options);
          return { etag: `etag-${number}`, isSum: true };
        },
      } as unknown as S3Multipart,
      known: new KnownParts(),
      finalKey: 'a',
      identity: 'i',
      parts: null,
      partSize: 8 * MIB,
      maxParts: 10_000,
      total: null,
      attempt: 1,
      adopts: true,
      renumbers: true,
    });
    return { series, used };
  }

  it('is left out, unless others have got the next ones', async () => {
    const silent = new Set([1, 3]);
    const { series, used } = answeredBy(async (number) => {
      if (silent.has(number)) throw new Error('No answer');
    });
    for (let made = 0; made < 2; made += 1) await (await series.place(PART, {}))?.upload(PART, {});
    expect(used).toEqual([1, 2, 3, 4]);
    expect(series.snapshot()).toMatchObject({
      runs: [
        [2, 1],
        [4, 1],
      ],
      next: 5,
    });
    // It may be there all the same.
    expect(series.hasOthers).toBe(true);
    // Others have taken numbers since then: the file's order would not be theirs.
    silent.add(5);
    const first = await series.place(PART, {});
    await series.place(PART, {});
    await expect(first?.upload(PART, {})).rejects.toThrow('No answer');
  });

  it('is left out a limited number of times: a state names all runs of numbers', async () => {
    // Each other request.
    const { series } = answeredBy(async (number) => {
      if (number % 2 === 1) throw new Error('No answer');
    });
    const runs: number[] = [];
    const send = async (): Promise<void> => {
      for (let made = 0; made < 200; made += 1) {
        await (await series.place(PART, {}))?.upload(PART, {});
        // A chunk each.
        runs.push(series.snapshot()?.runs.length ?? 0);
        series.committed();
      }
    };
    await expect(send()).rejects.toThrow('No answer');
    expect(runs.at(-1)).toBeGreaterThan(50);
    expect(Math.max(...runs)).toBeLessThanOrEqual(60);
  });

  it('does not make a call of a store that hangs longer than others', async () => {
    vi.useFakeTimers();
    try {
      const { series, used } = answeredBy(async (_, { limitMs = 0 }) => {
        vi.advanceTimersByTime(limitMs);
        throw new Error('No answer');
      });
      const begun = performance.now();
      const place = await series.place(PART, {});
      await expect(place?.upload(PART, {})).rejects.toThrow('No answer');
      expect(used.length).toBeGreaterThan(1);
      expect(performance.now() - begun).toBeLessThan(13_000);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('The parts that a process knows', () => {
  const state = (chain: string, uploadId = 'u') => ({
    uploadId,
    runs: [],
    next: 1,
    reserved: 1,
    chain,
    opaqueFrom: null,
  });
  const parts = (first: number, count = 2) =>
    Array.from({ length: count }, (_, index) => ({ number: first + index, etag: 'e' }));

  it('are all of an upload, or none', () => {
    const known = new KnownParts();
    known.add(null, parts(1), state('1'));
    known.add(state('1'), parts(3), state('2'));
    expect(known.of(state('1'))).toBeNull();
    expect(known.of(state('2'))).toEqual(parts(1, 4));
    // Somebody else has gone on.
    known.add(state('3'), parts(9), state('4'));
    expect(known.of(state('4'))).toBeNull();
    known.add(null, parts(1), state('5'));
    expect(known.take(state('5'))).toEqual(parts(1));
    expect(known.take(state('5'))).toBeNull();
  });

  it('are those of the last uploads', () => {
    const known = new KnownParts();
    for (let upload = 0; upload < 5; upload += 1) {
      known.add(null, parts(1, 9000), state('1', `u${upload}`));
    }
    expect(known.of(state('1', 'u2'))).toBeNull();
    expect(known.of(state('1', 'u3'))).toHaveLength(9000);
    expect(known.of(state('1', 'u4'))).toHaveLength(9000);
  });
});
