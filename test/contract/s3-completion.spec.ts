import { setTimeout as sleep } from 'node:timers/promises';
import { S3Storage } from 'nestjs-chunked-upload/s3';
import { S3Double, type S3Fault } from 'nestjs-chunked-upload/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MIB, sample } from '../../src/chunked-upload/testing/contract-bytes.js';
import { ContractUpload } from '../../src/chunked-upload/testing/contract-upload.js';
import { storeOptions } from '../support/store-options.js';
import { until } from '../support/waiting.js';

// Completing is idempotent: whatever becomes of the store's answer, the file is there once, whole, and
// whoever asks again is told the same.

const BUCKET = 'uploads';
const SIZE = 5 * MIB;
const bytes = sample(SIZE);

const FAULTS: readonly S3Fault[] = [
  'error in 200',
  'error in 200 after',
  'error',
  'error after',
  'refused',
  'before',
  'after',
  'twice',
  'empty etag',
];

/** They differ in what they answer to a completion, to a second one and to parts that are no more. */
describe.each(['aws', 'ceph', 'minio'] as const)('On a store like %s', (mode) => {
  let double: S3Double;
  beforeAll(async () => {
    double = await S3Double.start({ mode });
  });
  afterAll(() => double.close());

  const storage = (): S3Storage => new S3Storage({ bucket: BUCKET, ...storeOptions(double) });

  async function holdsOnce(upload: ContractUpload): Promise<void> {
    await upload.holds(bytes);
    const kept = double.stored(BUCKET).filter(({ key }) => key.includes(idOf(upload)));
    expect(kept).toEqual([{ key: upload.finalKey, size: SIZE, uploadId: null, partNumber: null }]);
  }

  it.concurrent.each(FAULTS)('a completion with "%s" is done', async (fault) => {
    const upload = new ContractUpload(storage);
    await upload.append(bytes, MIB);
    const { file } = upload;
    const match = ({ key }: { key: string }): boolean => key === upload.finalKey;
    const planned = double.inject('CompleteMultipartUpload', fault, { match });
    await upload.finish(SIZE);
    expect(planned.count).toBe(1);
    await holdsOnce(upload);
    const { state } = upload;
    // Once more, by one who knows that it is done, and by one whose commit was lost.
    await upload.finish(SIZE);
    await holdsOnce(upload);
    const again = await storage().finish(file, SIZE, { attempt: 2, contested: true });
    expect(again).toEqual(state);
    await holdsOnce(upload);
  });

  it.concurrent('two processes complete at once, and one file is there', async () => {
    const upload = new ContractUpload(storage);
    await upload.append(bytes, MIB);
    const { file } = upload;
    const [one, other] = await Promise.all(
      [1, 2].map((attempt) => storage().finish(file, SIZE, { attempt, contested: attempt > 1 })),
    );
    expect(one).toEqual(other);
    await holdsOnce(upload);
  });

  it.concurrent(
    'a completion that is never done is an error, and is done when asked again',
    async () => {
      const upload = new ContractUpload(storage);
      await upload.append(bytes, MIB);
      const match = ({ key }: { key: string }): boolean => key === upload.finalKey;
      const planned = double.inject('CompleteMultipartUpload', 'error in 200', { match, times: 4 });
      await expect(upload.finish(SIZE)).rejects.toThrow('InternalError');
      expect(planned.count).toBe(4);
      await upload.finish(SIZE);
      await holdsOnce(upload);
    },
  );

  it.concurrent(
    'a completion that is never answered keeps nobody waiting in this process',
    async () => {
      const shared = storage();
      const upload = new ContractUpload(() => shared);
      await upload.append(bytes, MIB);
      const { file } = upload;
      const match = ({ key }: { key: string }): boolean => key === upload.finalKey;
      const planned = double.inject('CompleteMultipartUpload', 'hang before', { match });
      const options = { attempt: 1, contested: false };
      const first = shared.finish(file, SIZE, options);
      await until('the store was asked', () => planned.count === 1);
      // For a while they are one, as a store may take its time.
      let again: unknown = null;
      await until('another one completes it', async () => {
        const asked = shared.finish(file, SIZE, options);
        again = await Promise.race([asked, sleep(500)]);
        return again !== undefined;
      });
      planned.release();
      expect(again).toEqual(await first);
      await holdsOnce(upload);
    },
  );
});

function idOf({ key }: ContractUpload): string {
  return key.replace('.part.bin', '');
}
