import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { S3Storage, type S3StorageOptions } from '../../src/chunked-upload/storage/s3/index.js';
import { checkOptions } from '../../src/chunked-upload/storage/s3/s3-options.js';
import { MIB, sample } from '../../src/chunked-upload/testing/contract-bytes.js';
import { ContractUpload } from '../../src/chunked-upload/testing/contract-upload.js';
import { S3Double } from '../../src/chunked-upload/testing/s3-double/index.js';
import { storeOptions } from '../support/store-options.js';

const PLACE = { bucket: 'my-uploads', region: 'eu-central-1' };
const client = new S3Client({ region: 'eu-central-1' });

const check = (options: object) => checkOptions(options as S3StorageOptions);

describe('The options of S3Storage', () => {
  it.each<[string, object, string]>([
    [
      'a name that is misspelt',
      { ...PLACE, prefx: 'a' },
      '"prefx" is not known. Known are: bucket',
    ],
    ['no bucket', { region: 'a' }, `"bucket" must be a text such as 'my-uploads'`],
    ['an empty bucket', { ...PLACE, bucket: '' }, '"bucket" must be a text'],
    [
      'no region',
      { bucket: 'a' },
      `"region" must be a text such as 'eu-central-1' ('auto' for R2)`,
    ],
    ['an empty region', { bucket: 'a', region: '' }, '"region" must be a text'],
    ['an endpoint that is a host', { ...PLACE, endpoint: 'localhost' }, '"endpoint" must be a URL'],
    ['a client that is none', { bucket: 'a', client: {} }, '"client" must be an S3Client'],
    [
      'a client and a region',
      { ...PLACE, client },
      '"region" is the business of the given "client"',
    ],
    ['another prefix', { ...PLACE, prefix: 7 }, `"prefix" must be a text such as 'uploads'`],
    [
      'parts that are too small',
      { ...PLACE, partSize: 5 * MIB - 1 },
      '"partSize" must be a number',
    ],
    ['parts that are too large', { ...PLACE, partSize: 5120 * MIB + 1 }, '"partSize" must be'],
    ['no parts at once', { ...PLACE, concurrency: 0 }, '"concurrency" must be a number from 1'],
    ['too little memory', { ...PLACE, memory: 16 * MIB - 1 }, '"memory" must be a number of bytes'],
    ['one part', { ...PLACE, maxParts: 1 }, '"maxParts" must be a number from 2 to 10000'],
    [
      'too many parts',
      { ...PLACE, maxParts: 10_001 },
      '"maxParts" must be a number from 2 to 10000',
    ],
    ['other downloads', { ...PLACE, download: 'away' }, `"download" must be one of 'stream'`],
    [
      'another encryption',
      { ...PLACE, serverSideEncryption: 'AES128' },
      `"serverSideEncryption" must be one of 'AES256', 'aws:kms', 'aws:kms:dsse'`,
    ],
    [
      'a key alone',
      { ...PLACE, sseKmsKeyId: 'k' },
      `"sseKmsKeyId" wants serverSideEncryption: 'aws`,
    ],
    [
      'a key for an encryption without one',
      { ...PLACE, sseKmsKeyId: 'k', serverSideEncryption: 'AES256' },
      `"sseKmsKeyId" wants serverSideEncryption: 'aws:kms'`,
    ],
    ['an empty class', { ...PLACE, storageClass: '' }, '"storageClass" must be a text'],
  ])('are refused with %s, by its name', (_, options, sentence) => {
    expect(() => check(options)).toThrow(TypeError);
    expect(() => check(options)).toThrow(`S3Storage: the option ${sentence}`);
    expect(() => new S3Storage(options as S3StorageOptions)).toThrow(TypeError);
  });

  it('have defaults', () => {
    expect(check(PLACE)).toEqual({
      bucket: 'my-uploads',
      prefix: '',
      partSize: null,
      concurrency: 2,
      memory: null,
      maxParts: 10_000,
      download: 'stream',
      connection: PLACE,
    });
    expect(check({ bucket: 'a', client }).connection).toEqual({ client });
  });

  it.each(['uploads', '/uploads', 'uploads/', '//uploads//'])('take the prefix %s', (prefix) => {
    expect(check({ ...PLACE, prefix }).prefix).toBe('uploads/');
  });
});

describe('A store is told', () => {
  let double: S3Double;
  afterEach(() => double.close());

  /** The header of all requests that make something, by what they make. */
  async function said(header: string, options: object): Promise<Record<string, unknown>> {
    double = await S3Double.start();
    const place = { bucket: 'uploads', ...storeOptions(double), ...options };
    const uploadOf = () => new ContractUpload(() => new S3Storage(place));
    await uploadOf().whole(sample(10));
    const small = uploadOf();
    await small.append(sample(10));
    await small.finish(10);
    const large = uploadOf();
    await large.append(sample(6 * MIB));
    await large.finish(6 * MIB);
    const makes = ['PutObject', 'CopyObject', 'CreateMultipartUpload'];
    const made = double.log.filter(({ operation }) => makes.includes(operation));
    return Object.fromEntries(
      made.map(({ operation, key, headers }) => {
        return [`${operation} ${key.endsWith('.done.bin') ? 'file' : 'piece'}`, headers[header]];
      }),
    );
  }

  it.each<[string, object, string, unknown, unknown]>([
    [
      'the class of files',
      { storageClass: 'GLACIER_IR' },
      'storage-class',
      'GLACIER_IR',
      undefined,
    ],
    [
      'to encrypt all',
      { serverSideEncryption: 'AES256' },
      'server-side-encryption',
      'AES256',
      'AES256',
    ],
    [
      'to do so with a key of KMS',
      { serverSideEncryption: 'aws:kms', sseKmsKeyId: 'k' },
      'server-side-encryption-aws-kms-key-id',
      'k',
      'k',
    ],
  ])('%s', async (_, options, header, file, piece) => {
    expect(await said(`x-amz-${header}`, options)).toEqual({
      'PutObject file': file,
      'PutObject piece': piece,
      'CopyObject file': file,
      'CreateMultipartUpload file': file,
    });
  });
});

describe('The check of S3Storage', () => {
  it('says that a bucket is missing, and how that is cured', async () => {
    const double = await S3Double.start();
    try {
      const checked = new S3Storage({ bucket: 'none', ...storeOptions(double) }).check();
      await expect(checked).rejects.toThrow(
        /^The bucket "none" cannot be used \(.*\)\. Create it, or/,
      );
    } finally {
      await double.close();
    }
  });

  it.each([
    [{}, /requestChecksumCalculation: "WHEN_SUPPORTED".*make it "WHEN_REQUIRED"/],
    [{ requestChecksumCalculation: 'WHEN_REQUIRED' }, null],
  ] as const)("says of a client of the host's with %j: %s", async (settings, warning) => {
    const double = await S3Double.start();
    const { endpoint, region, credentials } = double;
    const access = { endpoint, region, credentials, forcePathStyle: true };
    const own = new S3Client({ ...access, ...settings });
    try {
      const said = await new S3Storage({ bucket: 'uploads', client: own }).check();
      if (warning) expect(said).toMatch(warning);
      else expect(said).toBeNull();
    } finally {
      own.destroy();
      await double.close();
    }
  });
});
