import { S3Storage } from 'nestjs-chunked-upload/s3';
import { S3Double } from 'nestjs-chunked-upload/testing';
import { afterEach, expect, it } from 'vitest';
import { MIB, sample } from '../../src/chunked-upload/testing/contract-bytes.js';
import { ContractUpload } from '../../src/chunked-upload/testing/contract-upload.js';
import { storeOptions } from '../support/store-options.js';

// SeaweedFS lists uploads by their ids, and does not say when they began.

const HOUR = 3_600_000;
const COUNT = 6;
const CHUNK = 6 * MIB;

let double: S3Double;
afterEach(() => double.close());

it.each([1000, 2])(
  'Uploads that are listed in another order, %s a page, are as old as the newest of their bytes',
  async (pageSize) => {
    double = await S3Double.start({ mode: 'seaweedfs', pageSize });
    const storage = new S3Storage({ bucket: 'uploads', ...storeOptions(double) });
    const uploads = Array.from({ length: COUNT }, () => new ContractUpload(() => storage));
    const old = Date.now() - HOUR;
    double.turnClock(-2 * HOUR);
    for (const upload of uploads) await upload.append(sample(CHUNK));
    double.turnClock(2 * HOUR);
    // Of every other one there is something new, beside its parts.
    const young = uploads.filter((_, index) => index % 2 === 0);
    for (const upload of young) await upload.append(sample(1));
    const seen = new Map<string, boolean>();
    let listed = 0;
    for await (const { key, modifiedAt } of storage.list('')) {
      listed += 1;
      const isYoung = modifiedAt.getTime() > old;
      seen.set(key, isYoung && (seen.get(key) ?? true));
    }
    // None twice.
    expect(listed).toBe(seen.size);
    for (const upload of uploads) {
      expect(seen.get(upload.finalKey), upload.finalKey).toBe(young.includes(upload));
    }
  },
);
