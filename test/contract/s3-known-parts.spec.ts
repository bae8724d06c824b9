import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { S3Storage } from 'nestjs-chunked-upload/s3';
import { S3Double } from 'nestjs-chunked-upload/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MIB, sample } from '../../src/chunked-upload/testing/contract-bytes.js';
import { ContractUpload } from '../../src/chunked-upload/testing/contract-upload.js';
import { s3Client } from '../support/s3-client.js';

const BUCKET = 'uploads';
const PART = 5 * MIB;
const file = sample(2 * PART);

let double: S3Double;
let upload: ContractUpload;

beforeEach(async () => {
  double = await S3Double.start({ mode: 'aws' });
  const { region, endpoint, credentials } = double;
  const storage = new S3Storage({ bucket: BUCKET, region, endpoint, credentials });
  upload = new ContractUpload(() => storage);
  for (let at = 0; at < file.length; at += PART) await upload.append(file.subarray(at, at + PART));
});
afterEach(() => double.close());

describe('A file whose parts one process has made', () => {
  it('is checked by one request, and its parts are not listed', async () => {
    await upload.finish(file.length);
    expect(double.log.map(({ operation }) => operation).toSorted()).toEqual([
      'CompleteMultipartUpload',
      'CreateMultipartUpload',
      'HeadObject',
      'UploadPart',
      'UploadPart',
    ]);
    await upload.holds(file);
  });

  it.each(['is gone', 'is shorter', "is somebody else's"])(
    'is not complete where the object %s',
    async (what) => {
      const client = s3Client(double);
      double.on('CompleteMultipartUpload', async (_, proceed) => {
        const answer = await proceed();
        const place = { Bucket: BUCKET, Key: upload.finalKey };
        const identity = what === 'is shorter' ? (upload.state?.['i'] as string) : 'other';
        const Body = file.subarray(0, what === 'is shorter' ? PART : file.length);
        const put = { ...place, Body, Metadata: { 'upload-token': identity } };
        await (what === 'is gone'
          ? client.send(new DeleteObjectCommand(place))
          : client.send(new PutObjectCommand(put)));
        return answer;
      });
      await expect(upload.finish(file.length)).rejects.toMatchObject({ code: 'bytes_missing' });
      client.destroy();
    },
  );
});
