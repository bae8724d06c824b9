import { UploadPartCommand } from '@aws-sdk/client-s3';
import { S3Storage } from 'nestjs-chunked-upload/s3';
import { S3Double, S3Error, type S3Outcome } from 'nestjs-chunked-upload/testing';
import { afterEach, expect, it } from 'vitest';
import { MIB, others, sample } from '../../src/chunked-upload/testing/contract-bytes.js';
import { ContractUpload } from '../../src/chunked-upload/testing/contract-upload.js';
import { s3Client } from '../support/s3-client.js';
import { storeOptions } from '../support/store-options.js';

const SIZE = 13 * MIB;

let double: S3Double;
afterEach(() => double.close());

it('Of two that join at once, each plan stays, and whoever comes next goes on by the right one', async () => {
  double = await S3Double.start({ mode: 'ceph' });
  const { region, endpoint, credentials } = double;
  const storage = () => new S3Storage({ bucket: 'uploads', region, endpoint, credentials });
  const upload = new ContractUpload(storage);
  const bytes = sample(SIZE);
  await upload.append(bytes.subarray(0, 6 * MIB));
  // Parts that are none of the file, of two writers.
  await upload.abandon(others(bytes.subarray(6 * MIB, 12 * MIB)));
  const late = await upload.stall(others(bytes.subarray(6 * MIB, 12 * MIB)));
  await upload.append(bytes.subarray(6 * MIB));

  // The first one's plan is on its way for long.
  let letGo: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let isMet: () => void = () => undefined;
  const met = new Promise<void>((resolve) => {
    isMet = resolve;
  });
  const landed: Promise<S3Outcome>[] = [];
  const end = double.on('PutObject', async ({ key }, proceed) => {
    if (!key.includes('-joined')) return proceed();
    isMet();
    const landing = gate.then(proceed);
    landed.push(landing);
    return landing;
  });
  const { file } = upload;
  const finish = () => storage().finish(file, SIZE, { attempt: 2, contested: true });
  const first = finish().catch(() => undefined);
  await met;
  end();

  // The second one finds another part, and dies when there is an object of all parts.
  const { uploadId } = double.stored('uploads').find((each) => each.uploadId) ?? {};
  const known = double.stored('uploads').flatMap(({ partNumber }) => partNumber ?? []);
  // Of the numbers that other writers could have used.
  const free = [3, 4, 5, 6, 7].find((number) => !known.includes(number)) ?? 0;
  expect(free).toBeLessThan(Math.max(...known));
  await putStray(file.finalKey, uploadId ?? '', free);
  double.on('UploadPartCopy', async () => {
    throw new S3Error(403, 'AccessDenied', 'Not now');
  });
  const second = finish().catch(() => undefined);
  await expect
    .poll(() => double.log.filter(({ operation }) => operation === 'UploadPartCopy').length)
    .toBeGreaterThan(0);
  letGo();
  await Promise.all(landed);
  await Promise.all([first, second]);
  double.removeHooks();

  await upload.finish(SIZE);
  await upload.holds(bytes);
  await late.close();
});

it('A store that copies no parts is read, and sent what is to be joined', async () => {
  double = await S3Double.start({ rules: { completion: 'every', partCopies: false } });
  const upload = new ContractUpload(
    () => new S3Storage({ bucket: 'uploads', ...storeOptions(double) }),
  );
  const bytes = sample(SIZE);
  await upload.append(bytes.subarray(0, 6 * MIB));
  const dead = await upload.take();
  await dead.write(others(bytes.subarray(6 * MIB, 12 * MIB)));
  await dead.die();
  await dead.close();
  await upload.append(bytes.subarray(6 * MIB));
  const before = double.log.length;
  await upload.finish(SIZE);
  const calls = double.log.slice(before).map(({ operation, status }) => `${operation} ${status}`);
  expect(calls).toContain('UploadPartCopy 501');
  expect(calls.filter((call) => call === 'GetObject 206').length).toBeGreaterThanOrEqual(3);
  await upload.holds(bytes);
  expect(double.stored('uploads')).toHaveLength(1);
});

async function putStray(Key: string, UploadId: string, PartNumber: number): Promise<void> {
  const client = s3Client(double);
  const part = { Bucket: 'uploads', Key, UploadId, PartNumber, Body: Buffer.alloc(6 * MIB, 1) };
  await client.send(new UploadPartCommand(part));
  client.destroy();
}
