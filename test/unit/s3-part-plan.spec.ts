import { describe, expect, it } from 'vitest';
import {
  largestFile,
  LARGEST_PART,
  planPartSize,
  SMALLEST_PART,
} from '../../src/chunked-upload/storage/s3/part-plan.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const TIB = 1024 * GIB;

const FILE = 1024 * MIB;

function plan(
  length: number | null,
  total: number | null = FILE,
  { partSize = null, maxParts = 10_000 }: { partSize?: number | null; maxParts?: number } = {},
): number {
  return planPartSize({ length, total, partSize, maxParts });
}

describe('The size of the parts', () => {
  it.each([
    { chunk: '64 KiB', length: 64 * KIB, size: 5 * MIB },
    { chunk: '1 MiB', length: MIB, size: 5 * MIB },
    { chunk: '3 MiB', length: 3 * MIB, size: 6 * MIB },
    { chunk: '4.9 MB', length: 4_900_000, size: 9_800_000 },
    { chunk: '5 MiB', length: 5 * MIB, size: 5 * MIB },
    { chunk: '6 MiB', length: 6 * MIB, size: 6 * MIB },
    { chunk: '8 MiB', length: 8 * MIB, size: 8 * MIB },
    { chunk: '10 MB', length: 10_000_000, size: 10_000_000 },
    { chunk: '16 MiB', length: 16 * MIB, size: 8 * MIB },
    { chunk: '100 MiB', length: 100 * MIB, size: 10 * MIB },
    { chunk: '1 GiB of more', length: GIB, size: 8 * MIB },
    { chunk: 'a prime number of bytes', length: 100_000_007, size: 8 * MIB },
    { chunk: 'unknown', length: null, size: 8 * MIB },
  ])('fits chunks of $chunk', ({ length, size }) => {
    expect(plan(length, 10 * GIB)).toBe(size);
    expect(plan(length, null)).toBe(size);
  });

  it('is the usual one where one chunk is all', () => {
    expect(plan(FILE, FILE)).toBe(8 * MIB);
    expect(plan(70_000_001, 70_000_001)).toBe(8 * MIB);
  });

  it('is at least what the host wants', () => {
    const partSize = 32 * MIB;
    expect(plan(MIB, FILE, { partSize })).toBe(32 * MIB);
    expect(plan(null, null, { partSize })).toBe(32 * MIB);
    expect(plan(3 * MIB, FILE, { partSize })).toBe(33 * MIB);
    expect(plan(64 * MIB, FILE, { partSize })).toBe(32 * MIB);
  });

  it.each([
    { maxParts: 10_000, total: 100 * GIB },
    { maxParts: 10_000, total: TIB },
    { maxParts: 10_000, total: 5 * TIB },
    { maxParts: 1000, total: 100 * GIB },
    { maxParts: 1000, total: 4 * TIB },
  ])('lets $total bytes have fewer than $maxParts parts', ({ maxParts, total }) => {
    for (const length of [64 * KIB, MIB, 8 * MIB, 100 * MIB, 5 * GIB, null, total]) {
      const size = plan(length, total, { maxParts });
      expect(Math.ceil(total / size)).toBeLessThanOrEqual(maxParts * 0.91);
      expect(size).toBeGreaterThanOrEqual(SMALLEST_PART);
      expect(size).toBeLessThanOrEqual(LARGEST_PART);
    }
  });

  it('uses all numbers for the largest files', () => {
    for (const maxParts of [2, 1000, 10_000]) {
      const total = largestFile(maxParts, 'amazon');
      expect(plan(null, total, { maxParts }) * maxParts).toBeGreaterThanOrEqual(total);
    }
  });
});

describe('The largest file', () => {
  it('is what its parts can hold, and 5 TiB elsewhere than at Amazon', () => {
    expect(largestFile(10_000, 'amazon')).toBe(10_000 * 5 * GIB);
    expect(largestFile(10_000, 'other')).toBe(5 * TIB);
    expect(largestFile(10_000, 'r2')).toBe(5 * TIB - 5 * GIB);
    expect(largestFile(100, 'other')).toBe(500 * GIB);
    expect(largestFile(100, 'r2')).toBe(500 * GIB);
  });
});
