import { setTimeout as sleep } from 'node:timers/promises';
import { S3Storage } from 'nestjs-chunked-upload/s3';
import { S3Double, type S3Hook } from 'nestjs-chunked-upload/testing';
import { afterEach, expect, it } from 'vitest';
import { sample } from '../../src/chunked-upload/testing/contract-bytes.js';
import { ContractUpload } from '../../src/chunked-upload/testing/contract-upload.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const CHUNK = 64 * KIB;
const LARGEST_STATE = 8 * KIB;
const BUCKET = 'uploads';

let double: S3Double;
afterEach(() => double.close());

/** Returns the largest state on the way. */
async function store(upload: ContractUpload, bytes: Buffer): Promise<number> {
  let largest = 0;
  while (upload.offset < bytes.length) {
    await upload.append(bytes.subarray(upload.offset, upload.offset + CHUNK));
    largest = Math.max(largest, JSON.stringify(upload.state).length);
  }
  await upload.finish(bytes.length);
  await upload.holds(bytes);
  return largest;
}

function removals(): string[] {
  return double.log
    .filter(({ operation }) => operation === 'DeleteObject' || operation === 'DeleteObjects')
    .map(({ operation, key }) => `${operation} ${key}`);
}

function storage(): S3Storage {
  const { region, endpoint, credentials } = double;
  return new S3Storage({ bucket: BUCKET, region, endpoint, credentials });
}

it.each(['gcs', 'aws'] as const)(
  'A store like %s that removes slowly is asked once for a piece, and when completing, and the state stays small',
  async (mode) => {
    double = await S3Double.start({ mode });
    const slowly =
      (ms: number): S3Hook =>
      async (_, proceed) => {
        await sleep(ms);
        return proceed();
      };
    double.on('DeleteObject', slowly(100));
    double.on('DeleteObjects', slowly(1500));
    const shared = storage();
    const upload = new ContractUpload(() => shared);
    expect(await store(upload, sample(17 * MIB))).toBeLessThan(LARGEST_STATE);
    const single = removals().filter((each) => each.startsWith('DeleteObject '));
    for (const each of single)
      expect(single.filter((other) => other === each).length).toBeLessThan(3);
    expect(removals().length - single.length).toBeLessThan(20);
    expect(double.stored(BUCKET)).toHaveLength(1);
  },
);

it('A store that removes nothing is asked now and then, and the state stays small', async () => {
  double = await S3Double.start({ mode: 'gcs' });
  const refusing: S3Hook = async (_, proceed) => {
    const answer = await proceed();
    return answer && { ...answer, status: 403 };
  };
  // It answers that, whatever it does.
  double.on('DeleteObject', refusing);
  const shared = storage();
  const upload = new ContractUpload(() => shared);
  expect(await store(upload, sample(17 * MIB))).toBeLessThan(LARGEST_STATE);
  // Once on the way, and at the end: it stops at those that are refused.
  expect(removals().length).toBeLessThan(50);
});
