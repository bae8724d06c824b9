import { S3Storage } from 'nestjs-chunked-upload/s3';
import { S3Double } from 'nestjs-chunked-upload/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sample } from '../../src/chunked-upload/testing/contract-bytes.js';
import { ContractUpload } from '../../src/chunked-upload/testing/contract-upload.js';

const KIB = 1024;
const MIB = 1024 * KIB;
/** How it comes from the engine. */
const PIECE = 256 * KIB;

let double: S3Double;
let processes: S3Storage[];

beforeEach(async () => {
  double = await S3Double.start({ mode: 'ceph' });
  processes = [0, 1].map(
    () =>
      new S3Storage({
        bucket: 'uploads',
        region: double.region,
        endpoint: double.endpoint,
        credentials: double.credentials,
      }),
  );
});

afterEach(() => double.close());

/** How often each operation was asked for, all together. */
function counts(): Record<string, number> {
  const count: Record<string, number> = { all: double.log.length };
  for (const { operation } of double.log) count[operation] = (count[operation] ?? 0) + 1;
  return count;
}

function sent(): number {
  return double.log.reduce((sum, { received }) => sum + received, 0);
}

/** A file in chunks of one size, each to the next of so many processes. */
async function store(size: number, chunk: number, among: number): Promise<void> {
  let turn = 0;
  const upload = new ContractUpload(() => processes[turn % among] as S3Storage);
  const bytes = sample(size);
  for (; upload.offset < size; turn += 1) {
    await upload.append(bytes.subarray(upload.offset, upload.offset + chunk), PIECE);
  }
  await upload.finish(size);
  await upload.holds(bytes);
  // That has read it.
  double.log.pop();
}

it('Parts of one upload are sent side by side', async () => {
  const upload = new ContractUpload(() => processes[0] as S3Storage);
  const bytes = sample(16 * MIB);
  let letGo: () => void = () => undefined;
  const second = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  double.on('UploadPart', async ({ partNumber }, proceed) => {
    if (partNumber === 2) letGo();
    await second;
    return proceed();
  });
  await upload.append(bytes, PIECE);
  await upload.finish(bytes.length);
  await upload.holds(bytes);
  expect(counts()['UploadPart']).toBe(2);
});

describe('The requests that a chunk costs', () => {
  it.each([1, 2])('are one for each of 8 MiB, in %s processes', async (among) => {
    await store(128 * MIB, 8 * MIB, among);
    expect(counts()).toEqual({
      all: among === 1 ? 19 : 20,
      CreateMultipartUpload: 1,
      UploadPart: 16,
      // One that has made all of them knows them.
      ...(among === 1 ? {} : { ListParts: 1 }),
      CompleteMultipartUpload: 1,
      // Ceph does not say what it has made.
      HeadObject: 1,
    });
    expect(sent()).toBeLessThan(129 * MIB);
  });

  it.each([6, 10])('are one for each of %s MiB', async (chunk) => {
    await store(10 * chunk * MIB, chunk * MIB, 1);
    expect(counts()).toMatchObject({ all: 13, UploadPart: 10 });
  });

  it('are hardly more than one for each of 1 MiB', async () => {
    await store(100 * MIB, MIB, 1);
    expect(counts()['all']).toBeLessThanOrEqual(120);
    expect(counts()['GetObject']).toBeUndefined();
    expect(sent()).toBeLessThan(185 * MIB);
  });

  it('are two for each of 1 MiB where they come to two processes by turns', async () => {
    await store(100 * MIB, MIB, 2);
    expect(counts()['all']).toBeLessThanOrEqual(200);
  });

  it.each([1, 2])('are two for each of 64 KiB, in %s processes', async (among) => {
    await store(12 * MIB, 64 * KIB, among);
    expect(counts()['all']).toBeLessThanOrEqual(2 * 192 + 16);
  });

  it('are few for a file that is one chunk', async () => {
    await store(100 * KIB, 100 * KIB, 1);
    expect(counts()).toEqual({ all: 3, PutObject: 1, CopyObject: 1, DeleteObject: 1 });
  });

  it('are one for a file that comes whole and is small', async () => {
    const upload = new ContractUpload(() => processes[0] as S3Storage);
    const bytes = sample(3 * MIB);
    await upload.whole(bytes);
    expect(counts()).toEqual({ all: 1, PutObject: 1 });
    await upload.holds(bytes);
  });

  it('are one for each part of a file that comes whole', async () => {
    const upload = new ContractUpload(() => processes[0] as S3Storage);
    const bytes = sample(80 * MIB);
    await upload.whole(bytes);
    expect(counts()).toMatchObject({ all: 13, UploadPart: 10 });
    await upload.holds(bytes);
  });
});
