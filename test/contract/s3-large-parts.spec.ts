import { setTimeout as sleep } from 'node:timers/promises';
import { limitedStorage } from '../../src/chunked-upload/storage/limited-storage.js';
import { S3Storage } from '../../src/chunked-upload/storage/s3/index.js';
import { S3Double } from 'nestjs-chunked-upload/testing';
import { afterEach, expect, it } from 'vitest';
import { sample } from '../../src/chunked-upload/testing/contract-bytes.js';
import { ContractUpload } from '../../src/chunked-upload/testing/contract-upload.js';

const MIB = 1024 * 1024;
const PART = 24 * MIB;
const LIMIT_MS = 1500;

let double: S3Double;
afterEach(() => double.close());

it('A part that takes longer to copy than a call may take is made all the same', async () => {
  double = await S3Double.start();
  const { region, endpoint, credentials } = double;
  const place = { bucket: 'uploads', region, endpoint, credentials, partSize: PART };
  // Each in a process of its own: nothing is kept in memory.
  const upload = new ContractUpload(() => limitedStorage(new S3Storage(place), LIMIT_MS));
  const bytes = sample(PART + MIB);
  for (let at = 0; at < 23; at += 1) await upload.append(bytes.subarray(at * MIB, (at + 1) * MIB));
  // Of which it opens a few at once.
  double.on('GetObject', async ({ key }, proceed) => {
    if (!key.endsWith('.done.bin')) await sleep(500);
    return proceed();
  });
  const begun = performance.now();
  await upload.append(bytes.subarray(23 * MIB));
  expect(performance.now() - begun).toBeGreaterThan(LIMIT_MS);
  expect(double.stored('uploads').filter(({ partNumber }) => partNumber === 1)).toHaveLength(1);
  await upload.finish(bytes.length);
  await upload.holds(bytes);
});

it('Of a part that a dead writer has left, whose bytes take long to compare, none is sent again', async () => {
  double = await S3Double.start();
  const { region, endpoint, credentials } = double;
  const place = { bucket: 'uploads', region, endpoint, credentials, partSize: 5 * MIB };
  const upload = new ContractUpload(() => limitedStorage(new S3Storage(place), LIMIT_MS));
  const bytes = sample(11 * MIB);
  await upload.append(bytes.subarray(0, 5 * MIB));
  const step = MIB / 4;
  let at = 5 * MIB;
  for (; at < 10 * MIB - step; at += step) await upload.append(bytes.subarray(at, at + step));
  // It makes a part, and does not come to its commit.
  const dead = await upload.take(step);
  await dead.write(bytes.subarray(at, 10 * MIB));
  await dead.die();
  await dead.close();
  const parts = (): number =>
    double.log.filter(({ operation }) => operation === 'UploadPart').length;
  expect(parts()).toBe(2);
  double.on('GetObject', async (_, proceed) => {
    await sleep(500);
    return proceed();
  });
  const begun = performance.now();
  await upload.append(bytes.subarray(at));
  expect(performance.now() - begun).toBeGreaterThan(LIMIT_MS);
  expect(parts()).toBe(2);
  double.removeHooks();
  await upload.finish(bytes.length);
  await upload.holds(bytes);
});
