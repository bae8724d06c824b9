import { S3Storage } from 'nestjs-chunked-upload/s3';
import { S3Double } from 'nestjs-chunked-upload/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MIB, others, sample } from '../../src/chunked-upload/testing/contract-bytes.js';
import { ContractUpload } from '../../src/chunked-upload/testing/contract-upload.js';
import { storeOptions } from '../support/store-options.js';

// Scaleway takes a thousand parts. Here it takes few, as they cannot be smaller than 5 MiB.

const MAX_PARTS = 6;
const PART = 5 * MIB;

let double: S3Double;
beforeEach(async () => {
  double = await S3Double.start({ mode: 'scaleway', rules: { maxParts: MAX_PARTS } });
});
afterEach(() => double.close());

const uploadWith = (options: { maxParts?: number }): ContractUpload => {
  const place = { bucket: 'uploads', ...storeOptions(double), ...options };
  return new ContractUpload(() => new S3Storage(place));
};

function numbers(): (number | null)[] {
  const sent = double.log.filter(({ operation }) => operation === 'UploadPart');
  return sent.map(({ partNumber }) => partNumber);
}

describe('A file of as many parts as the store takes', () => {
  it.each(['one after the other', 'at once'])('is stored, its parts %s', async (how) => {
    const upload = uploadWith({});
    const bytes = sample(MAX_PARTS * PART);
    await upload.append(bytes.subarray(0, PART));
    const step = how === 'at once' ? bytes.length : PART;
    while (upload.offset < bytes.length) {
      await upload.append(bytes.subarray(upload.offset, upload.offset + step), MIB);
    }
    await expect(upload.append(sample(1))).rejects.toMatchObject({ code: 'exceeds_storage' });
    await upload.finish(bytes.length);
    await upload.holds(bytes);
    expect(Math.max(...numbers().map(Number))).toBe(MAX_PARTS);
    expect(double.stored('uploads')).toHaveLength(1);
  });
});

describe('A store that takes fewer parts than it was said to take', () => {
  let upload: ContractUpload;
  const bytes = sample(MAX_PARTS * PART);
  beforeEach(async () => {
    upload = uploadWith({ maxParts: 10_000 });
    while (upload.offset < bytes.length) {
      await upload.append(bytes.subarray(upload.offset, upload.offset + PART));
    }
  });

  it('refuses what can never fit, however often it is tried, and what fitted is a file', async () => {
    const chunk = sample(PART);
    for (let tries = 1; tries <= 3; tries += 1) {
      await expect(upload.append(chunk)).rejects.toMatchObject({ code: 'exceeds_storage' });
    }
    expect(Math.max(...numbers().map(Number))).toBeGreaterThan(MAX_PARTS);
    await upload.finish(bytes.length);
    await upload.holds(bytes);
    expect(double.stored('uploads')).toHaveLength(1);
  });

  it('refuses also the last part of a file, when that is completed', async () => {
    await upload.append(sample(1));
    const finished = upload.finish(bytes.length + 1);
    await expect(finished).rejects.toMatchObject({ code: 'exceeds_storage' });
  });
});

it('Where other writers have used up the numbers the store has some for the end of the file', async () => {
  const upload = uploadWith({ maxParts: 10_000 });
  const bytes = sample(3 * PART);
  await upload.append(bytes.subarray(0, PART));
  await upload.abandon(others(bytes.subarray(PART)));
  await upload.append(bytes.subarray(PART));
  await upload.finish(bytes.length);
  await upload.holds(bytes);
  expect(Math.max(...numbers().map(Number))).toBeGreaterThan(MAX_PARTS);
});
