import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { S3Storage } from 'nestjs-chunked-upload/s3';
import {
  S3Double,
  type S3Mode,
  S3_MODES,
  type StorageGaps,
  describeStorageContract,
} from 'nestjs-chunked-upload/testing';
import { afterAll, afterEach, beforeAll, describe, it } from 'vitest';
import { cephIsMissing } from '../support/ceph.js';
import { sharedCeph } from '../support/ceph-on-demand.js';
import { type S3Access, s3Client } from '../support/s3-client.js';
import { type StoreOptions, storeOptions } from '../support/store-options.js';

const BUCKET = 'contract';

const GAPS: StorageGaps = {
  readUnfinished: 'S3 reads no part of a multipart upload before that is complete',
};
const GAPS_OF: Partial<Record<S3Mode, StorageGaps>> = {
  minio: {
    ...GAPS,
    listAbandoned: 'MinIO lists uploads by their whole key only, and removes them after a day',
  },
};

function storageAt(store: StoreOptions): S3Storage {
  return new S3Storage({ bucket: BUCKET, prefix: 'a/b', forcePathStyle: true, ...store });
}

for (const mode of Object.keys(S3_MODES) as S3Mode[]) {
  let double: S3Double;
  const framework = {
    it,
    describe: (name: string, define: () => void) =>
      describe(name, () => {
        beforeAll(async () => {
          double = await S3Double.start({ mode, buckets: [BUCKET] });
        });
        afterEach(() => double.clear());
        afterAll(() => double.close());
        define();
      }),
  };
  describeStorageContract(
    framework,
    `S3Storage on the double as ${mode}`,
    () => storageAt(storeOptions(double)),
    {
      gaps: GAPS_OF[mode] ?? GAPS,
    },
  );
}

describe.skipIf(cephIsMissing !== null)('A real store', () => {
  let access: S3Access;
  beforeAll(async () => {
    access = await sharedCeph();
    const client = s3Client(access);
    await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
    client.destroy();
  });
  const name = `S3Storage on Ceph${cephIsMissing === null ? '' : ` (${cephIsMissing})`}`;
  describeStorageContract({ describe, it }, name, () => storageAt(access), { gaps: GAPS });
});
