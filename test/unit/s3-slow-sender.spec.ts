import { expect, it, vi } from 'vitest';
import { S3Storage } from '../../src/chunked-upload/storage/s3/index.js';
import { MIB, sample } from '../../src/chunked-upload/testing/contract-bytes.js';
import { ContractUpload } from '../../src/chunked-upload/testing/contract-upload.js';
import { S3Double } from '../../src/chunked-upload/testing/s3-double/index.js';
import { until } from '../support/waiting.js';

it('What comes slowly is stored now and then: else its upload would look as if it were dead', async () => {
  const double = await S3Double.start();
  const { region, endpoint, credentials } = double;
  const storage = new S3Storage({ bucket: 'uploads', region, endpoint, credentials });
  const upload = new ContractUpload(() => storage);
  const bytes = sample(8 * MIB + 3);
  const writer = await upload.take();
  await writer.write(bytes.subarray(0, 8 * MIB + 1), MIB);
  const pieces = () => double.log.filter(({ operation }) => operation === 'PutObject').length;
  const now = performance.now.bind(performance);
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + 11 * 60_000);
  try {
    expect(pieces()).toBe(0);
    await writer.write(bytes.subarray(8 * MIB + 1, 8 * MIB + 2));
    await until('it is stored', () => pieces() === 1);
    await writer.write(bytes.subarray(8 * MIB + 2));
    expect(pieces()).toBe(1);
  } finally {
    clock.mockRestore();
  }
  await writer.commitLast();
  await writer.close();
  await upload.finish(bytes.length);
  await upload.holds(bytes);
  await double.close();
});
