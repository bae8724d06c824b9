import { expect, it } from 'vitest';
import { PartSeries } from '../../src/chunked-upload/storage/s3/part-series.js';
import { BytesPayload } from '../../src/chunked-upload/storage/s3/payload.js';
import type { S3Multipart } from '../../src/chunked-upload/storage/s3/s3-multipart.js';
import type { CommittedParts } from '../../src/chunked-upload/storage/s3/s3-state.js';

const MIB = 1024 * 1024;
const PART = new BytesPayload([Buffer.from('part')]);

const multipart = {
  create: async () => 'upload',
  parts: async () => [],
  uploadPart: async (_: unknown, number: number) => `etag-${number}`,
} as unknown as S3Multipart;

/** What a writer commits that makes so many parts, `dead` writers after the last commit. */
async function write(before: CommittedParts | null, dead: number, parts: number) {
  const series = new PartSeries({
    multipart,
    finalKey: 'a',
    identity: 'i',
    parts: before,
    partSize: 8 * MIB,
    maxParts: 10_000,
    total: null,
    attempt: dead + 1,
    adopts: true,
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
