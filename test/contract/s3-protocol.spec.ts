import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { S3Double } from 'nestjs-chunked-upload/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cephIsMissing } from '../support/ceph.js';
import { sharedCeph } from '../support/ceph-on-demand.js';
import { inLanes } from '../support/faults/in-lanes.js';
import { type S3Access, s3Client } from '../support/s3-client.js';

// The double answers as a real store does: what holds for the one holds for the other.

const MIB = 1024 * 1024;
const LEAST = 5 * MIB;

const engines = [
  { name: 'the double as Ceph', start: startDouble, missing: null },
  { name: 'Ceph', start: startCeph, missing: cephIsMissing },
];

async function startDouble(): Promise<{ access: S3Access; stop: () => Promise<void> }> {
  const double = await S3Double.start({ mode: 'ceph' });
  return { access: double, stop: () => double.close() };
}

async function startCeph(): Promise<{ access: S3Access; stop: () => Promise<void> }> {
  return { access: await sharedCeph(), stop: async () => undefined };
}

function md5(bytes: Uint8Array): Buffer {
  return createHash('md5').update(bytes).digest();
}

function etag(bytes: Uint8Array): string {
  return `"${md5(bytes).toString('hex')}"`;
}

for (const { name, start, missing } of engines) {
  describe.skipIf(missing !== null)(`${name}${missing === null ? '' : ` (${missing})`}`, () => {
    const Bucket = `protocol-${randomUUID()}`;
    let access: S3Access;
    let client: S3Client;
    let stop: () => Promise<void>;

    beforeAll(async () => {
      ({ access, stop } = await start());
      client = s3Client(access, { maxAttempts: 1 });
      await client.send(new CreateBucketCommand({ Bucket }));
    });
    afterAll(async () => {
      client?.destroy();
      await stop?.();
    });

    /** The code of the error that it is answered with, or that nothing is wrong. */
    async function codeOf(answer: Promise<unknown>): Promise<string> {
      return answer.then(
        () => 'none',
        (error: Error) => error.name,
      );
    }

    async function put(Key: string, Body: Uint8Array = randomBytes(1000)): Promise<Uint8Array> {
      await client.send(new PutObjectCommand({ Bucket, Key, Body }));
      return Body;
    }

    async function get(Key: string, Range?: string): Promise<Uint8Array> {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, Range }));
      return Body?.transformToByteArray() ?? new Uint8Array();
    }

    async function begin(Key: string, Metadata?: Record<string, string>): Promise<string> {
      const command = new CreateMultipartUploadCommand({ Bucket, Key, Metadata });
      return (await client.send(command)).UploadId ?? '';
    }

    async function part(Key: string, UploadId: string, PartNumber: number, Body: Uint8Array) {
      const ContentMD5 = md5(Body).toString('base64');
      const command = { Bucket, Key, UploadId, PartNumber, Body, ContentMD5 };
      const { ETag } = await client.send(new UploadPartCommand(command));
      return { PartNumber, ETag };
    }

    type Part = Awaited<ReturnType<typeof part>>;

    async function complete(Key: string, UploadId: string, Parts: readonly Part[]) {
      const MultipartUpload = { Parts: [...Parts] };
      const command = { Bucket, Key, UploadId, MultipartUpload };
      return client.send(new CompleteMultipartUploadCommand(command));
    }

    async function partsOf(Key: string, UploadId: string): Promise<(number | undefined)[]> {
      const { Parts = [] } = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }));
      return Parts.map(({ PartNumber }) => PartNumber);
    }

    describe('Objects', () => {
      it('are read whole and in part, with their metadata', async () => {
        const Body = randomBytes(100_000);
        const Metadata = { 'upload-token': 'abc_-9' };
        const ContentType = 'image/png';
        const command = { Bucket, Key: 'a/object', Body, Metadata, ContentType };
        const written = await client.send(new PutObjectCommand(command));
        expect(written.ETag).toBe(etag(Body));
        expect(await get('a/object')).toEqual(new Uint8Array(Body));
        expect(await get('a/object', 'bytes=5-9')).toEqual(new Uint8Array(Body.subarray(5, 10)));
        expect(await get('a/object', 'bytes=99999-')).toEqual(new Uint8Array(Body.subarray(-1)));
        const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'a/object' }));
        expect(head).toMatchObject({ ContentLength: 100_000, Metadata, ContentType });
        expect(head.ETag).toBe(etag(Body));
        expect(Math.abs(Date.now() - (head.LastModified?.getTime() ?? 0))).toBeLessThan(60_000);
      });

      it('may be empty', async () => {
        await put('empty', Buffer.alloc(0));
        expect(await get('empty')).toHaveLength(0);
      });

      it('have names of all kinds', async () => {
        const Key = "names/ä b+c&<d>'(1)!*%2F.bin";
        const bytes = await put(Key);
        expect(await get(Key)).toEqual(new Uint8Array(bytes));
        const listed = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'names/ä' }));
        expect(listed.Contents?.map((each) => each.Key)).toEqual([Key]);
        await client.send(new DeleteObjectCommand({ Bucket, Key }));
        expect(await codeOf(get(Key))).toBe('NoSuchKey');
      });

      it('are read only as they were when it was asked', async () => {
        const bytes = await put('matched');
        const command = { Bucket, Key: 'matched' };
        const read = (IfMatch: string) =>
          client.send(new GetObjectCommand({ ...command, IfMatch }));
        const { Body } = await read(etag(bytes));
        expect(await Body?.transformToByteArray()).toEqual(new Uint8Array(bytes));
        expect(await codeOf(read(etag(randomBytes(1))))).toBe('PreconditionFailed');
      });

      it('that are not there are NoSuchKey, in a bucket that is not there NoSuchBucket', async () => {
        expect(await codeOf(get('nothing'))).toBe('NoSuchKey');
        const head = client.send(new HeadObjectCommand({ Bucket, Key: 'nothing' }));
        expect(await codeOf(head)).toBe('NotFound');
        const elsewhere = { Bucket: `${Bucket}-2`, Key: 'a' };
        expect(await codeOf(client.send(new GetObjectCommand(elsewhere)))).toBe('NoSuchBucket');
        expect(await codeOf(client.send(new HeadBucketCommand({ Bucket: `${Bucket}-2` })))).toBe(
          'NotFound',
        );
        expect(await codeOf(client.send(new HeadBucketCommand({ Bucket })))).toBe('none');
      });

      it('have no bytes beyond their end', async () => {
        await put('short', randomBytes(10));
        expect(await codeOf(get('short', 'bytes=10-20'))).toBe('InvalidRange');
      });

      it('are refused with a sum of other bytes', async () => {
        const ContentMD5 = md5(randomBytes(3)).toString('base64');
        const command = { Bucket, Key: 'damaged', Body: randomBytes(1000), ContentMD5 };
        expect(await codeOf(client.send(new PutObjectCommand(command)))).toBe('BadDigest');
        expect(await codeOf(get('damaged'))).toBe('NoSuchKey');
      });

      it('are deleted, once or again, one or many', async () => {
        for (const Key of ['d/1', 'd/2', 'd/3']) await put(Key);
        const single = new DeleteObjectCommand({ Bucket, Key: 'd/1' });
        await client.send(single);
        await client.send(single);
        const Objects = ['d/1', 'd/2', 'd/3', 'd/&'].map((Key) => ({ Key }));
        const many = new DeleteObjectsCommand({ Bucket, Delete: { Objects } });
        expect((await client.send(many)).Errors ?? []).toEqual([]);
        const left = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'd/' }));
        expect(left.Contents ?? []).toEqual([]);
      });

      it('are copied, with metadata of their own', async () => {
        const bytes = await put('copy/ä from');
        const CopySource = `${Bucket}/${encodeURIComponent('copy/ä from')}`;
        const Metadata = { 'upload-token': 'another' };
        const command = { Bucket, Key: 'copy/to', CopySource, Metadata };
        const copy = new CopyObjectCommand({ ...command, MetadataDirective: 'REPLACE' });
        expect((await client.send(copy)).CopyObjectResult?.ETag?.replaceAll('"', '')).toBe(
          md5(bytes).toString('hex'),
        );
        expect(await get('copy/to')).toEqual(new Uint8Array(bytes));
        const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'copy/to' }));
        expect(head.Metadata).toEqual(Metadata);
      });

      it('are listed page by page, by their prefix, in their order', async () => {
        for (const Key of ['l/b', 'l/a.2', 'l/a', 'l-', 'l/c/d']) await put(Key, randomBytes(7));
        const keys: (string | undefined)[] = [];
        let ContinuationToken: string | undefined;
        do {
          const page = { Bucket, Prefix: 'l/', MaxKeys: 2, ContinuationToken };
          const listed = await client.send(new ListObjectsV2Command(page));
          for (const { Key, Size } of listed.Contents ?? []) {
            keys.push(Key);
            expect(Size).toBe(7);
          }
          ContinuationToken = listed.NextContinuationToken;
          expect(listed.IsTruncated).toBe(ContinuationToken !== undefined);
        } while (ContinuationToken !== undefined);
        expect(keys).toEqual(['l/a', 'l/a.2', 'l/b', 'l/c/d']);
      });

      it('are read by a URL that is signed for a time', async () => {
        const bytes = await put('signed');
        const ResponseContentDisposition = 'attachment; filename="a.bin"';
        const command = new GetObjectCommand({ Bucket, Key: 'signed', ResponseContentDisposition });
        const url = await getSignedUrl(client, command, { expiresIn: 60 });
        const answer = await fetch(url);
        expect(new Uint8Array(await answer.arrayBuffer())).toEqual(new Uint8Array(bytes));
        expect(answer.headers.get('content-disposition')).toBe(ResponseContentDisposition);
        expect((await fetch(url.replace('signed?', 'empty?'))).status).toBe(403);
        const signingDate = new Date(Date.now() - 120_000);
        const late = await getSignedUrl(client, command, { expiresIn: 60, signingDate });
        expect((await fetch(late)).status).toBe(403);
      });

      it('are nobody’s without the right key', async () => {
        const { secretAccessKey } = access.credentials;
        const wrong = { accessKeyId: access.credentials.accessKeyId, secretAccessKey: 'wrong' };
        const unknown = { accessKeyId: 'UNKNOWN', secretAccessKey };
        for (const [credentials, code] of [
          [wrong, 'SignatureDoesNotMatch'],
          [unknown, 'InvalidAccessKeyId'],
        ] as const) {
          const stranger = s3Client({ ...access, credentials });
          const command = new GetObjectCommand({ Bucket, Key: 'empty' });
          expect(await codeOf(stranger.send(command))).toBe(code);
          stranger.destroy();
        }
        expect((await fetch(`${access.endpoint}/${Bucket}/empty`)).status).toBe(403);
      });
    });

    describe('Multipart uploads', () => {
      it('make an object of parts that come in any order, with what was said at the beginning', async () => {
        const Metadata = { 'upload-token': 'T0ken-_' };
        const id = await begin('m/file', Metadata);
        const bytes = [randomBytes(LEAST), randomBytes(LEAST + 1), randomBytes(3)] as const;
        const last = await part('m/file', id, 3, bytes[2]);
        const first = await part('m/file', id, 1, bytes[0]);
        const middle = await part('m/file', id, 2, bytes[1]);
        expect(first.ETag).toBe(etag(bytes[0]));
        expect(await codeOf(get('m/file'))).toBe('NoSuchKey');
        const completed = await complete('m/file', id, [first, middle, last]);
        expect(completed.ETag ?? '').toBe('');
        const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'm/file' }));
        const digests = md5(Buffer.concat(bytes.map(md5))).toString('hex');
        expect(head).toMatchObject({ ETag: `"${digests}-3"`, Metadata });
        expect(Buffer.concat(bytes).equals(await get('m/file'))).toBe(true);
      });

      it('list their parts page by page', async () => {
        const id = await begin('m/parts');
        for (const number of [7, 2, 5]) await part('m/parts', id, number, randomBytes(number));
        const found: unknown[] = [];
        let PartNumberMarker: string | undefined;
        for (;;) {
          const page = { Bucket, Key: 'm/parts', UploadId: id, MaxParts: 2, PartNumberMarker };
          const listed = await client.send(new ListPartsCommand(page));
          found.push(listed.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size]));
          if (listed.IsTruncated !== true) break;
          PartNumberMarker = listed.NextPartNumberMarker;
        }
        expect(found).toEqual([
          [
            [2, 2],
            [5, 5],
          ],
          [[7, 7]],
        ]);
      });

      it('list 1,000 parts a page, whatever is asked for', async () => {
        const id = await begin('m/many');
        const numbers = Array.from({ length: 1001 }, (_, n) => n + 1);
        const lanes = Array.from({ length: 16 });
        await inLanes(lanes, numbers, async (_, number) => {
          await part('m/many', id, number, Buffer.from('x'));
        });
        const page = { Bucket, Key: 'm/many', UploadId: id, MaxParts: 2000 };
        const first = await client.send(new ListPartsCommand(page));
        expect(first.Parts).toHaveLength(1000);
        expect(first).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '1000' });
        const PartNumberMarker = first.NextPartNumberMarker;
        const second = await client.send(new ListPartsCommand({ ...page, PartNumberMarker }));
        expect(second.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([1001]);
      });

      it('take the last part of a number', async () => {
        const id = await begin('m/again');
        await part('m/again', id, 1, randomBytes(LEAST));
        const bytes = randomBytes(1000);
        const last = await part('m/again', id, 1, bytes);
        expect(await partsOf('m/again', id)).toEqual([1]);
        await complete('m/again', id, [last]);
        expect(await get('m/again')).toEqual(new Uint8Array(bytes));
      });

      it('may leave numbers out, but no part', async () => {
        const id = await begin('m/gaps');
        const first = await part('m/gaps', id, 2, randomBytes(LEAST));
        const second = await part('m/gaps', id, 9, randomBytes(10));
        expect(await codeOf(complete('m/gaps', id, [first]))).toBe('InvalidPart');
        await complete('m/gaps', id, [first, second]);
        expect(await get('m/gaps')).toHaveLength(LEAST + 10);
      });

      it('refuse a completion with wrong parts, and go on', async () => {
        const id = await begin('m/wrong');
        const [first, second] = [
          await part('m/wrong', id, 1, randomBytes(1000)),
          await part('m/wrong', id, 2, randomBytes(1000)),
        ];
        const other = { PartNumber: 1, ETag: etag(randomBytes(1)) };
        const code = (...parts: Part[]) => codeOf(complete('m/wrong', id, parts));
        expect(await code(first, second)).toBe('EntityTooSmall');
        expect(await code(first, second, { ...other, PartNumber: 3 })).toBe('InvalidPart');
        expect(await code()).toBe('MalformedXML');
        expect(await codeOf(get('m/wrong'))).toBe('NoSuchKey');
        const large = await part('m/wrong', id, 1, randomBytes(LEAST));
        expect(await code(other, second)).toBe('InvalidPart');
        expect(await code(large, second)).toBe('none');
      });

      it('take ranges of objects for parts', async () => {
        const bytes = Buffer.from(await put('m/source', randomBytes(LEAST + 1000)));
        const id = await begin('m/copied');
        const copy = async (PartNumber: number, CopySourceRange: string) => {
          const source = { CopySource: `${Bucket}/m/source`, CopySourceRange };
          const target = { Bucket, Key: 'm/copied', UploadId: id, PartNumber };
          const command = new UploadPartCopyCommand({ ...source, ...target });
          return { PartNumber, ETag: (await client.send(command)).CopyPartResult?.ETag };
        };
        const first = await copy(1, `bytes=1000-${LEAST + 999}`);
        const second = await copy(2, 'bytes=0-999');
        await complete('m/copied', id, [first, second]);
        const expected = Buffer.concat([bytes.subarray(1000), bytes.subarray(0, 1000)]);
        expect(expected.equals(await get('m/copied'))).toBe(true);
      });

      it('are no more once they were aborted', async () => {
        const id = await begin('m/aborted');
        const first = await part('m/aborted', id, 1, randomBytes(1000));
        const command = { Bucket, Key: 'm/aborted', UploadId: id };
        await client.send(new AbortMultipartUploadCommand(command));
        expect(await codeOf(partsOf('m/aborted', id))).toBe('NoSuchKey');
        expect(await codeOf(part('m/aborted', id, 2, randomBytes(10)))).toBe('NoSuchUpload');
        expect(await codeOf(complete('m/aborted', id, [first]))).toBe('InternalError');
        const again = client.send(new AbortMultipartUploadCommand(command));
        expect(await codeOf(again)).toBe('NoSuchUpload');
      });

      it('are no more once they are complete', async () => {
        const id = await begin('m/twice');
        const first = await part('m/twice', id, 1, randomBytes(1000));
        await complete('m/twice', id, [first]);
        const { ETag } = await complete('m/twice', id, [first]);
        expect(ETag).toMatch(/^[0-9a-f]{32}-1$/);
        expect(await codeOf(partsOf('m/twice', id))).toBe('NoSuchKey');
        expect(await codeOf(part('m/twice', id, 2, randomBytes(10)))).toBe('NoSuchUpload');
        expect(await get('m/twice')).toHaveLength(1000);
        await put('m/twice');
        expect(await codeOf(complete('m/twice', id, [first]))).toBe('InternalError');
      });

      it('replace the object that is there, when they are complete', async () => {
        await put('m/over');
        const id = await begin('m/over');
        const bytes = randomBytes(500);
        const first = await part('m/over', id, 1, bytes);
        expect(await get('m/over')).toHaveLength(1000);
        await complete('m/over', id, [first]);
        expect(await get('m/over')).toEqual(new Uint8Array(bytes));
      });

      it('are listed page by page, by their prefix, several of one key', async () => {
        const keys = ['u/b', 'u/a', 'u/b', 'v/c'];
        const ids = new Map<string, string>();
        for (const key of keys) ids.set(await begin(key), key);
        const found: [string | undefined, string | undefined][] = [];
        let marker: { KeyMarker?: string; UploadIdMarker?: string } = {};
        for (;;) {
          const page = { Bucket, Prefix: 'u/', MaxUploads: 1, ...marker };
          const listed = await client.send(new ListMultipartUploadsCommand(page));
          for (const { Key, UploadId, Initiated } of listed.Uploads ?? []) {
            found.push([Key, UploadId]);
            expect(Math.abs(Date.now() - (Initiated?.getTime() ?? 0))).toBeLessThan(60_000);
          }
          if (listed.IsTruncated !== true) break;
          marker = {
            KeyMarker: listed.NextKeyMarker,
            UploadIdMarker: listed.NextUploadIdMarker,
          };
        }
        expect(found.map(([key]) => key)).toEqual(['u/a', 'u/b', 'u/b']);
        expect(new Set(found.map(([, id]) => id)).size).toBe(3);
        for (const [key, id] of found) expect(ids.get(id ?? '')).toBe(key);
      });
    });
  });
}
