import { createHash, getHashes, randomBytes, randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { blake3, crc32 as wasmCrc32 } from 'hash-wasm';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
} from '../../src/chunked-upload/checksum/algorithms.js';
import { decodeState } from '../../src/chunked-upload/checksum/checksum-state.js';
import {
  Checksum,
  type ChecksumRow,
  MOST_BEHIND,
  type ReadBack,
} from '../../src/chunked-upload/checksum/checksum.js';
import type { HashingThreads } from '../../src/chunked-upload/checksum/hashing-threads.js';
import { realThreads } from './hashing-worker.double.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const ALGORITHMS = Object.keys(CHECKSUM_ALGORITHMS) as ChecksumAlgorithm[];

const file = randomBytes(40 * MIB);

let threads: HashingThreads;
beforeAll(async () => {
  threads = await realThreads(2);
});

async function sumOf(algorithm: ChecksumAlgorithm, bytes: Buffer): Promise<string> {
  if (getHashes().includes(algorithm)) return createHash(algorithm).update(bytes).digest('hex');
  return algorithm === 'blake3' ? blake3(bytes) : wasmCrc32(bytes);
}

/** Reads back from `file`, and notes what. */
function readingBack(bytes: Buffer, ranges: [number, number][] = []): ReadBack {
  return async (start, end) => {
    ranges.push([start, end]);
    return (async function* () {
      for (let at = start; at < end; at += 100_000)
        yield bytes.subarray(at, Math.min(end, at + 1e5));
    })();
  };
}

const noReading: ReadBack = () => Promise.reject(new Error('Nothing is to be read back'));

function beginning(): ChecksumRow {
  return { id: randomUUID(), state: null, offset: 0 };
}

/** One chunk as the engine receives it, in batches of these sizes; returns the row after it. */
async function append(
  checksum: Checksum,
  row: ChecksumRow,
  batches: readonly number[],
  { bytes = file, readBack = noReading as ReadBack | null, wait = false } = {},
): Promise<ChecksumRow> {
  const running = await checksum.resume(row, readBack);
  let { offset } = row;
  for (const size of batches) {
    // As the engine's: reused as soon as it may be.
    const batch = Buffer.from(bytes.subarray(offset, offset + size));
    await running.update([batch.subarray(0, size >> 1), batch.subarray(size >> 1)]);
    batch.fill(0);
    offset += size;
  }
  if (wait) await running.caughtUp();
  const state = running.state(offset);
  running.close({ offset, state });
  return { id: row.id, state, offset };
}

function positionOf(checksum: Checksum, state: Uint8Array | null): number {
  return state ? (decodeState(state, checksum.algorithm, -1)?.position ?? NaN) : 0;
}

describe('Checksum', () => {
  it.each(ALGORITHMS)('%s: the sum of all chunks, through threads and without', async (name) => {
    const checksum = new Checksum(name, threads);
    let row = beginning();
    row = await append(checksum, row, [3, 100 * KIB, 1, 0, 5 * KIB]);
    row = await append(checksum, row, [MIB, MIB, 300 * KIB, 7, 200 * KIB]);
    row = await append(checksum, row, [1]);
    row = await append(checksum, row, [3 * MIB + 1]);
    const sum = await sumOf(name, file.subarray(0, row.offset));
    expect(await checksum.digest(row, noReading)).toBe(sum);
    // As often as it is asked for.
    expect(await checksum.digest(row, noReading)).toBe(sum);
  });

  it('crc32 is the one of zlib', async () => {
    if (typeof crc32 !== 'function') return;
    const checksum = new Checksum('crc32', threads);
    const row = await append(checksum, beginning(), [MIB]);
    const sum = crc32(file.subarray(0, MIB)).toString(16).padStart(8, '0');
    expect(await checksum.digest(row, noReading)).toBe(sum);
  });

  it('the sum of nothing', async () => {
    const checksum = new Checksum('md5', threads);
    expect(await checksum.digest(beginning(), null)).toBe(createHash('md5').digest('hex'));
    expect((await checksum.resume(beginning(), null)).state(0)).toBeNull();
  });

  it('any split into batches, chunks and processes gives the same sum', async () => {
    const size = fc.oneof(
      fc.integer({ min: 1, max: 2000 }),
      fc.integer({ min: 1, max: 2 * MIB }),
      fc.constantFrom(64, 128 * KIB, 256 * KIB, MIB),
    );
    const chunk = fc.record({
      batches: fc.array(size, { minLength: 1, maxLength: 6 }),
      elsewhere: fc.boolean(),
      wait: fc.boolean(),
    });
    const check = async (chunks: { batches: number[]; elsewhere: boolean; wait: boolean }[]) => {
      let checksum = new Checksum('sha1', threads);
      let row = beginning();
      for (const { batches, elsewhere, wait } of chunks) {
        if (elsewhere) checksum = new Checksum('sha1', threads);
        const total = batches.reduce((sum, each) => sum + each, 0);
        if (row.offset + total > file.length) break;
        row = await append(checksum, row, batches, { readBack: readingBack(file), wait });
        const behind = row.offset - positionOf(checksum, row.state);
        expect(behind).toBeGreaterThanOrEqual(0);
        expect(behind).toBeLessThanOrEqual(wait ? 0 : MOST_BEHIND);
      }
      const sum = createHash('sha1').update(file.subarray(0, row.offset)).digest('hex');
      expect(await checksum.digest(row, readingBack(file))).toBe(sum);
    };
    await fc.assert(fc.asyncProperty(fc.array(chunk, { minLength: 1, maxLength: 5 }), check), {
      numRuns: 25,
    });
  });

  it('many uploads at once do not get into each other', async () => {
    const checksum = new Checksum('md5', threads);
    const sums = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        let row = beginning();
        const bytes = file.subarray(index * 1000);
        for (const size of [200 * KIB + index, 17, MIB, 50 * KIB]) {
          row = await append(checksum, row, [size, index + 1], { bytes });
        }
        const sum = createHash('md5').update(bytes.subarray(0, row.offset)).digest('hex');
        return (await checksum.digest(row, noReading)) === sum;
      }),
    );
    expect(sums.every(Boolean)).toBe(true);
  });
});

describe('A state in the row', () => {
  it('is gone on with by another process, which reads back only what it lacks', async () => {
    const first = new Checksum('md5', threads);
    const row = await append(first, beginning(), [MIB, MIB, MIB, MIB]);
    const position = positionOf(first, row.state);
    const ranges: [number, number][] = [];
    const second = new Checksum('md5', threads);
    const next = await append(second, row, [10], { readBack: readingBack(file, ranges) });
    expect(ranges).toEqual(position < row.offset ? [[position, row.offset]] : []);
    const sum = createHash('md5').update(file.subarray(0, next.offset)).digest('hex');
    expect(await second.digest(next, noReading)).toBe(sum);
    // The first process' own has been overtaken.
    expect(await first.digest(next, readingBack(file))).toBe(sum);
  });

  it('needs nothing read back where it was waited for', async () => {
    const row = await append(new Checksum('md5', threads), beginning(), [5 * MIB], { wait: true });
    const sum = createHash('md5').update(file.subarray(0, row.offset)).digest('hex');
    expect(await new Checksum('md5', threads).digest(row, null)).toBe(sum);
  });

  const states: [string, (good: Buffer) => Buffer | null][] = [
    ['missing', () => null],
    ['empty', () => Buffer.alloc(0)],
    ['of three bytes', () => Buffer.from('abc')],
    ['cut off', (good) => good.subarray(0, -1)],
    ['with something behind it', (good) => Buffer.concat([good, Buffer.of(0)])],
    ['of random bytes', (good) => randomBytes(good.length)],
  ];
  it.each(states)('%s counts as one at the beginning', async (_, broken) => {
    const row = await append(new Checksum('md5', threads), beginning(), [1000]);
    const state = broken(row.state as Buffer);
    const ranges: [number, number][] = [];
    const sum = new Checksum('md5', threads).digest({ ...row, state }, readingBack(file, ranges));
    expect(await sum).toBe(createHash('md5').update(file.subarray(0, 1000)).digest('hex'));
    expect(ranges).toEqual([[0, 1000]]);
  });

  it('with any bit flipped counts as one at the beginning', async () => {
    const row = await append(new Checksum('md5', threads), beginning(), [1000]);
    const state = row.state as Buffer;
    for (let bit = 0; bit < state.length * 8; bit += 5) {
      const flipped = Buffer.from(state);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const again = new Checksum('md5', threads).digest({ ...row, state: flipped }, null);
      await expect(again).rejects.toMatchObject({ code: 'checksum_state_lost' });
    }
  });

  it('of another algorithm counts as one at the beginning', async () => {
    const row = await append(new Checksum('md5', threads), beginning(), [1000]);
    const sum = await new Checksum('sha256', threads).digest(row, readingBack(file));
    expect(sum).toBe(createHash('sha256').update(file.subarray(0, 1000)).digest('hex'));
  });

  it('is lost where too much would have to be read back, or nothing can be', async () => {
    const checksum = new Checksum('md5', threads);
    const lost = { code: 'checksum_state_lost' };
    const row = { ...beginning(), offset: MOST_BEHIND + 1 };
    await expect(checksum.resume(row, readingBack(file))).rejects.toMatchObject(lost);
    const near = { ...beginning(), offset: MOST_BEHIND };
    await expect(checksum.digest(near, null)).rejects.toMatchObject(lost);
    const sum = createHash('md5').update(file.subarray(0, MOST_BEHIND)).digest('hex');
    expect(await checksum.digest(near, readingBack(file))).toBe(sum);
  });

  it.each([999, 1001])('is no help where %i bytes come back of 1000', async (size) => {
    const row = { ...beginning(), offset: 1000 };
    const readBack: ReadBack = async () =>
      (async function* () {
        yield file.subarray(0, size);
      })();
    const code =
      size < 1000 ? { code: 'bytes_missing' } : { message: expect.stringContaining('1000') };
    await expect(new Checksum('md5', threads).digest(row, readBack)).rejects.toMatchObject(code);
  });

  it('is no help where reading fails: the error is the storage’s own', async () => {
    const row = { ...beginning(), offset: 1000 };
    await expect(new Checksum('md5', threads).digest(row, noReading)).rejects.toThrow(
      'Nothing is to be read back',
    );
  });

  it.each(ALGORITHMS)('of the first edition (%s) is understood', async (algorithm) => {
    const hasher = await CHECKSUM_ALGORITHMS[algorithm]();
    const inner = hasher.update(file.subarray(0, 12_345)).save();
    const seal = createHash('sha256').update(`${algorithm} 12345 `).update(inner).digest();
    const state = Buffer.concat([seal.subarray(0, 8), inner]);
    const row = { ...beginning(), state, offset: 12_345 };
    const next = await append(new Checksum(algorithm, threads), row, [MIB], { readBack: null });
    const sum = await sumOf(algorithm, file.subarray(0, next.offset));
    expect(await new Checksum(algorithm, threads).digest(next, readingBack(file))).toBe(sum);
    // At another offset it is none.
    const moved = { ...row, offset: 12_346 };
    await expect(new Checksum(algorithm, threads).digest(moved, null)).rejects.toMatchObject({
      code: 'checksum_state_lost',
    });
  });
});

describe('A running checksum', () => {
  it('after a write that failed knows the state of what was written', async () => {
    const checksum = new Checksum('md5', threads);
    for (const batch of [1000, 100 * KIB, MIB, 3 * MIB]) {
      for (const undone of [1, 2, 3]) {
        const begun = beginning();
        const running = await checksum.resume(begun, null);
        for (let index = 0; index < 8; index += 1) {
          await running.update([file.subarray(index * batch, (index + 1) * batch)]);
        }
        const offset = (8 - undone) * batch;
        const state = running.state(offset);
        const behind = offset - positionOf(checksum, state);
        expect(behind).toBeGreaterThanOrEqual(0);
        expect(behind).toBeLessThanOrEqual(MOST_BEHIND);
        if (batch < 128 * KIB) expect(behind).toBe(0);
        running.close(null);
        const row = { ...begun, state, offset };
        const sum = createHash('md5').update(file.subarray(0, offset)).digest('hex');
        expect(await checksum.digest(row, readingBack(file))).toBe(sum);
      }
    }
  });

  it('that was closed with less than it was given is not gone on with', async () => {
    const checksum = new Checksum('md5', threads);
    const begun = beginning();
    const running = await checksum.resume(begun, null);
    await running.update([file.subarray(0, 1000)]);
    await running.update([Buffer.alloc(1000)]);
    const state = running.state(1000);
    running.close({ offset: 1000, state });
    const row = await append(checksum, { ...begun, state, offset: 1000 }, [1000]);
    const sum = createHash('md5').update(file.subarray(0, 2000)).digest('hex');
    expect(await checksum.digest(row, null)).toBe(sum);
  });

  it('checkpoints on the way, and gives the sum itself', async () => {
    const checksum = new Checksum('md5', threads);
    const running = await checksum.resume(beginning(), null);
    for (let offset = 0; offset < file.length; offset += MIB) {
      await running.update([file.subarray(offset, offset + MIB)]);
      const behind = offset + MIB - positionOf(checksum, running.state(offset + MIB));
      expect(behind).toBeLessThanOrEqual(MOST_BEHIND);
    }
    expect(await running.digest()).toBe(createHash('md5').update(file).digest('hex'));
    expect(positionOf(checksum, running.state(file.length))).toBe(file.length);
    running.close(null);
    await expect(running.update([Buffer.alloc(1)])).rejects.toThrow('closed');
  });
});
