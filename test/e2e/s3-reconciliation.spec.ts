import {
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { S3Storage } from 'nestjs-chunked-upload/s3';
import { S3Double } from 'nestjs-chunked-upload/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pieceKey, pieceToken } from '../../src/chunked-upload/storage/s3/pieces.js';
import { ContractUpload } from '../../src/chunked-upload/testing/contract-upload.js';
import { type Host, startHost } from '../support/host.js';
import { s3Client } from '../support/s3-client.js';
import { storeOptions } from '../support/store-options.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

const MIB = 1024 * 1024;
const HOUR = 3_600_000;
const BUCKET = 'uploads';

let double: S3Double;
let host: Host;
beforeEach(async () => {
  double = await S3Double.start({ buckets: [BUCKET] });
  host = await startHost({ upload: { storage: storage() } });
});
afterEach(async () => {
  await host.close();
  await double.close();
});

const storage = (): S3Storage => new S3Storage({ bucket: BUCKET, ...storeOptions(double) });

/** Of a file that the application holds, as the store knows it. */
const finalKeyOf = (id: string): string =>
  double.stored(BUCKET).find(({ key }) => key.includes(id))?.key ?? '';

describe('A first chunk that another process is receiving', () => {
  it('is as old as the newest part, however long ago it began', async () => {
    const { id } = await new UploadClient(`${host.url}/uploads`).file(sample(10));
    const folder = finalKeyOf(id).replace(/\/[^/]*$/, '');
    const upload = new ContractUpload(storage, { folder });
    double.turnClock(-2 * HOUR);
    const writer = await upload.take(20 * MIB);
    await writer.write(sample(8 * MIB), MIB);
    const isOld = (): Promise<boolean> =>
      upload.list(folder).then((all) =>
        all.some(({ key, modifiedAt }) => {
          return key === upload.finalKey && modifiedAt.getTime() < Date.now() - HOUR;
        }),
      );
    await expect.poll(isOld).toBe(true);
    double.turnClock(2 * HOUR);
    await writer.write(sample(8 * MIB), MIB);
    await expect.poll(isOld).toBe(false);
    expect(await host.uploads.reconcile()).toMatchObject({ removed: 0, failed: 0 });
    await writer.write(sample(4 * MIB), MIB);
    await writer.commitLast();
    await writer.close();
    await upload.finish(20 * MIB);

    // Of a writer that is silent since then nobody has heard.
    const silent = new ContractUpload(storage, { folder });
    double.turnClock(-2 * HOUR);
    const dead = await silent.take(12 * MIB);
    await dead.write(sample(8 * MIB), MIB);
    await dead.die();
    double.turnClock(2 * HOUR);
    const { removed } = await host.uploads.reconcile();
    expect(removed).toBeGreaterThanOrEqual(1);
    expect(double.stored(BUCKET).filter(({ key }) => key.includes(silent.finalKey))).toEqual([]);
    await dead.close();
  });
});

describe('What writers that came late have left beside a complete file', () => {
  it('is removed, and the file stays', async () => {
    const client = new UploadClient(`${host.url}/uploads`);
    const file = sample(6 * MIB);
    const { id } = await client.begin(file, file.length);
    expect((await client.complete(id, md5(file))).status).toBe(200);
    const finalKey = finalKeyOf(id);
    expect(double.stored(BUCKET)).toHaveLength(1);

    const access = s3Client(double);
    const late = { offset: 0, size: 4, token: pieceToken('of a writer that was given up') };
    const Key = pieceKey(finalKey.replace('.done', '.part'), late);
    await access.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'late' }));
    const place = { Bucket: BUCKET, Key: finalKey };
    const { UploadId } = await access.send(new CreateMultipartUploadCommand(place));
    const part = { ...place, UploadId, PartNumber: 1, Body: 'late' };
    await access.send(new UploadPartCommand(part));
    access.destroy();
    expect(double.stored(BUCKET)).toHaveLength(3);

    expect(await host.uploads.reconcile({ dryRun: true, grace: 0 })).toMatchObject({ removed: 2 });
    expect(double.stored(BUCKET)).toHaveLength(3);
    expect(await host.uploads.reconcile({ grace: 0 })).toMatchObject({ failed: 0, missing: 0 });
    expect(double.stored(BUCKET)).toMatchObject([{ key: finalKey, size: file.length }]);
    expect((await client.download(id)).bytes.equals(file)).toBe(true);
  });
});
