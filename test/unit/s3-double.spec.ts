import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterEach, describe, expect, it } from 'vitest';
import {
  S3Double,
  type S3DoubleOptions,
  S3_FAULTS,
  type S3Fault,
} from '../../src/chunked-upload/testing/s3-double/index.js';
import { s3Client } from '../support/s3-client.js';
import { until } from '../support/waiting.js';

// What it does as a real store does is in test/contract/s3-protocol.spec.ts.

const Bucket = 'uploads';
const Key = 'a/file';
const P = 1000;
const HOUR = 3_600_000;
const BRIEF: Partial<S3DoubleOptions> = { rules: { minPartSize: P } };

let double: S3Double;
let client: S3Client;
afterEach(async () => {
  client.destroy();
  await double.close();
});

async function start(options: S3DoubleOptions): Promise<void> {
  double = await S3Double.start(options);
  client = s3Client(double, { maxAttempts: 1 });
}

async function codeOf(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    () => 'none',
    (error: Error & { code?: string }) => error.code ?? error.name,
  );
}

async function put(key = Key, Body: Uint8Array = randomBytes(10)): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket, Key: key, Body }));
}

async function sizeOf(key = Key): Promise<number> {
  const head = new HeadObjectCommand({ Bucket, Key: key });
  return (await client.send(head)).ContentLength ?? 0;
}

async function begin(key = Key): Promise<string> {
  const command = new CreateMultipartUploadCommand({ Bucket, Key: key });
  return (await client.send(command)).UploadId ?? '';
}

async function part(UploadId: string, PartNumber: number, size = P): Promise<CompletedPart> {
  const Body = randomBytes(size);
  const { ETag } = await client.send(
    new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }),
  );
  return { PartNumber, ETag };
}

async function copy(UploadId: string, PartNumber: number, size: number): Promise<CompletedPart> {
  const CopySource = `${Bucket}/source`;
  const CopySourceRange = `bytes=0-${size - 1}`;
  const command = { Bucket, Key, UploadId, PartNumber, CopySource, CopySourceRange };
  const { CopyPartResult } = await client.send(new UploadPartCopyCommand(command));
  return { PartNumber, ETag: CopyPartResult?.ETag };
}

async function complete(UploadId: string, Parts: CompletedPart[], IfNoneMatch?: string) {
  const command = { Bucket, Key, UploadId, MultipartUpload: { Parts }, IfNoneMatch };
  return client.send(new CompleteMultipartUploadCommand(command));
}

async function abort(UploadId: string): Promise<void> {
  await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
}

async function numbersOf(UploadId: string): Promise<(number | undefined)[]> {
  const { Parts = [] } = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }));
  return Parts.map(({ PartNumber }) => PartNumber);
}

async function uploadsOf(Prefix: string): Promise<(string | undefined)[]> {
  const listed = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix }));
  return (listed.Uploads ?? []).map(({ UploadId }) => UploadId);
}

describe('S3Double is strict: it refuses', () => {
  it('the sums that the SDK sends by default, and the framing that they come in', async () => {
    await start({});
    const { endpoint, region, credentials } = double;
    const byDefault = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    const object = { Bucket, Key, Body: 'text' };
    expect(await codeOf(byDefault.send(new PutObjectCommand(object)))).toBe('NotImplemented');
    const Delete = { Objects: [{ Key }] };
    const many = byDefault.send(new DeleteObjectsCommand({ Bucket, Delete }));
    expect(await codeOf(many)).toBe('NotImplemented');
    byDefault.destroy();
    const framed = await rawPut({ 'content-encoding': 'aws-chunked', 'content-length': '4' });
    expect(framed).toMatch(/^501 .*aws-chunked/s);
  });

  it('a body without a length', async () => {
    await start({});
    expect(await rawPut({})).toMatch(/^411 .*MissingContentLength/s);
  });

  it('a request whose body waits for "100 Continue"', async () => {
    await start({});
    const waiting = s3Client(double, { maxAttempts: 1, expectContinueHeader: true });
    const object = { Bucket, Key, Body: Buffer.alloc(3 * 1024 * 1024) };
    expect(await codeOf(waiting.send(new PutObjectCommand(object)))).toBe('NotImplemented');
    waiting.destroy();
  });

  it('a body that is not the one that was signed', async () => {
    await start({});
    const command = new PutObjectCommand({ Bucket, Key });
    const options = { unhoistableHeaders: new Set(['content-md5']) };
    const wrong = { headers: { 'content-md5': md5('other') }, body: 'text', method: 'PUT' };
    const answer = await fetch(await getSignedUrl(client, command, options), wrong);
    expect(await answer.text()).toMatch(/BadDigest/);
  });

  it('headers and parameters that not every store has', async () => {
    await start({});
    const object = { Bucket, Key, Body: 'text' };
    for (const more of [{ ACL: 'private' }, { Tagging: 'a=b' }] as const) {
      const command = new PutObjectCommand({ ...object, ...more });
      expect(await codeOf(client.send(command))).toBe('NotImplemented');
    }
    await put();
    const versioned = new GetObjectCommand({ Bucket, Key, VersionId: '1' });
    expect(await codeOf(client.send(versioned))).toBe('NotImplemented');
  });

  it('parts in a wrong order, and wrong numbers', async () => {
    await start(BRIEF);
    const id = await begin();
    const parts = [await part(id, 2), await part(id, 1)];
    expect(await codeOf(complete(id, parts))).toBe('InvalidPartOrder');
    expect(await codeOf(part(id, 0))).toBe('InvalidArgument');
    expect(await codeOf(part(id, 10_001))).toBe('InvalidArgument');
    expect(await codeOf(part(id, 10_000))).toBe('none');
  });

  it('an object copied onto itself without a change, and a range beyond the source', async () => {
    await start(BRIEF);
    await put('source', randomBytes(10));
    const CopySource = `${Bucket}/source`;
    const onto = new CopyObjectCommand({ Bucket, Key: 'source', CopySource });
    expect(await codeOf(client.send(onto))).toBe('InvalidRequest');
    expect(await codeOf(copy(await begin(), 1, 11))).toBe('InvalidArgument');
  });

  it('a key of more than 1,024 bytes', async () => {
    await start({});
    expect(await codeOf(put('ü'.repeat(512)))).toBe('none');
    expect(await codeOf(put('ü'.repeat(513)))).toBe('KeyTooLongError');
  });

  it('more than it may keep', async () => {
    await start({ capacity: 1000 });
    await put(Key, randomBytes(900));
    expect(await codeOf(put('more', randomBytes(101)))).toBe('InsufficientStorage');
    await put(Key, randomBytes(1000));
    await client.send(new DeleteObjectCommand({ Bucket, Key }));
    expect(await codeOf(put('more', randomBytes(101)))).toBe('none');
  });

  it('a signed URL once its time is over', async () => {
    await start({});
    await put();
    const url = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key }), {
      expiresIn: 60,
    });
    expect((await fetch(url)).status).toBe(200);
    double.turnClock(61_000);
    expect(await (await fetch(url)).text()).toMatch(/Request has expired/);
  });

  it('pages that are larger than its own', async () => {
    await start({ ...BRIEF, pageSize: 2 });
    const id = await begin();
    for (const number of [1, 2, 3]) await part(id, number);
    expect(await numbersOf(id)).toEqual([1, 2]);
  });
});

/** A presigned PUT of four bytes, with headers that no client sends. Its status and answer. */
async function rawPut(headers: Record<string, string>): Promise<string> {
  const url = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key }));
  const body = new ReadableStream({
    start: (controller) => {
      controller.enqueue(Buffer.from('text'));
      controller.close();
    },
  });
  const answer = await fetch(url, { method: 'PUT', body, headers, duplex: 'half' } as RequestInit);
  return `${answer.status} ${await answer.text()}`;
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('base64');
}

describe('As AWS it', () => {
  it('completes with some of the parts, and with gaps', async () => {
    await start({ mode: 'aws', ...BRIEF });
    const id = await begin();
    const parts = [await part(id, 2), await part(id, 3), await part(id, 9)];
    await complete(id, [parts[0] ?? {}, parts[2] ?? {}]);
    expect(await sizeOf()).toBe(2 * P);
  });

  it('answers a second completion as the first, while its object is there', async () => {
    await start({ mode: 'aws' });
    const id = await begin();
    const parts = [await part(id, 1)];
    const { ETag } = await complete(id, parts);
    expect((await complete(id, parts)).ETag).toBe(ETag);
    await put();
    expect(await codeOf(complete(id, parts))).toBe('NoSuchUpload');
  });

  it('does not show what was begun before its key was deleted', async () => {
    await start({ mode: 'aws' });
    const id = await begin();
    await client.send(new DeleteObjectCommand({ Bucket, Key }));
    await complete(id, [await part(id, 1)]);
    expect(await codeOf(sizeOf())).toBe('NotFound');
  });

  it('keeps a part that was on its way when its upload was aborted', async () => {
    await start({ mode: 'aws' });
    const id = await begin();
    const held = double.inject('UploadPart', 'hang before');
    const late = part(id, 1);
    await held.met;
    await abort(id);
    expect(await uploadsOf(Key)).toEqual([]);
    held.release();
    await late;
    expect(await uploadsOf(Key)).toEqual([id]);
    await abort(id);
    expect(await codeOf(part(id, 1))).toBe('NoSuchUpload');
  });

  it('has no MD5 for an ETag where KMS has the key', async () => {
    await start({ mode: 'aws' });
    const encrypted = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'key' } as const;
    const command = new PutObjectCommand({ Bucket, Key, Body: 'text', ...encrypted });
    expect((await client.send(command)).ETag).not.toContain(
      createHash('md5').update('text').digest('hex'),
    );
    expect(await client.send(new HeadObjectCommand({ Bucket, Key }))).toMatchObject(encrypted);
  });

  it('writes on conditions', async () => {
    await start({ mode: 'aws' });
    await put();
    const anew = new PutObjectCommand({ Bucket, Key, Body: 'text', IfNoneMatch: '*' });
    expect(await codeOf(client.send(anew))).toBe('PreconditionFailed');
    const id = await begin();
    const parts = [await part(id, 1)];
    expect(await codeOf(complete(id, parts, '*'))).toBe('PreconditionFailed');
    expect(await codeOf(complete(id, parts))).toBe('none');
  });
});

describe('As R2 it', () => {
  it('takes parts of one size, the last at most of that', async () => {
    await start({ mode: 'r2', ...BRIEF });
    const tried = async (...sizes: number[]) => {
      const id = await begin();
      const parts: CompletedPart[] = [];
      for (const [index, size] of sizes.entries()) parts.push(await part(id, index + 1, size));
      return codeOf(complete(id, parts));
    };
    expect(await tried(P, P, 1)).toBe('none');
    expect(await tried(P, P, P)).toBe('none');
    expect(await tried(P, P + 1, P)).toBe('InvalidPart');
    expect(await tried(P, P, P + 1)).toBe('InvalidPart');
    expect(await tried(P + 5)).toBe('none');
  });

  it('counts copied parts too', async () => {
    await start({ mode: 'r2', ...BRIEF });
    await put('source', randomBytes(2 * P));
    const id = await begin();
    const parts = [await part(id, 1), await copy(id, 2, P + 1), await part(id, 3)];
    expect(await codeOf(complete(id, parts))).toBe('InvalidPart');
    parts[1] = await copy(id, 2, P);
    expect(await codeOf(complete(id, parts))).toBe('none');
  });

  it('loses a part when another of its number fails', async () => {
    await start({ mode: 'r2', ...BRIEF });
    const id = await begin();
    await part(id, 1);
    double.inject('UploadPart', 'error');
    expect(await codeOf(part(id, 1))).toBe('InternalError');
    expect(await numbersOf(id)).toEqual([]);
    await part(id, 1);
    const damaged = { Bucket, Key, UploadId: id, PartNumber: 1, Body: 'x', ContentMD5: md5('y') };
    expect(await codeOf(client.send(new UploadPartCommand(damaged)))).toBe('BadDigest');
    expect(await numbersOf(id)).toEqual([]);
  });

  it('loses a part when an earlier request of its number fails later', async () => {
    await start({ mode: 'r2', ...BRIEF });
    const id = await begin();
    const command = new UploadPartCommand({ Bucket, Key, UploadId: id, PartNumber: 1 });
    const headers = { 'content-length': String(P) };
    const halved = request(await getSignedUrl(client, command), { method: 'PUT', headers });
    halved.on('error', () => undefined);
    halved.write(randomBytes(P / 2));
    await until('it arrives', () => double.log.at(-1)?.received === P / 2);
    await part(id, 1);
    expect(await numbersOf(id)).toEqual([1]);
    halved.destroy();
    await until('it is gone', async () => (await numbersOf(id)).length === 0);
  });

  it('forgets uploads after seven days', async () => {
    await start({ mode: 'r2' });
    await vanishes(7 * 24 * HOUR);
  });
});

async function vanishes(after: number): Promise<void> {
  const id = await begin();
  double.turnClock(after - 1000);
  const first = await part(id, 1);
  double.turnClock(2000);
  expect(await codeOf(part(id, 2))).toBe('NoSuchUpload');
  expect(await codeOf(complete(id, [first]))).toBe('NoSuchUpload');
  expect(await uploadsOf(Key)).toEqual([]);
}

describe('As Mega S4 it', () => {
  it('takes parts of one size only, and says so at once', async () => {
    await start({ mode: 'mega', ...BRIEF });
    const id = await begin();
    const parts = [await part(id, 1), await part(id, 2)];
    expect(await codeOf(part(id, 3, P + 1))).toBe('InvalidPart');
    expect(await codeOf(part(id, 1, P - 1))).toBe('InvalidPart');
    parts.push(await part(id, 3, 10));
    expect(await codeOf(part(id, 4))).toBe('InvalidPart');
    expect(await codeOf(complete(id, parts))).toBe('none');
  });

  it('takes numbers from 1 on without a gap', async () => {
    await start({ mode: 'mega', ...BRIEF });
    const id = await begin();
    const parts = [await part(id, 1), await part(id, 3)];
    expect(await codeOf(part(id, 10))).toBe('InvalidPart');
    expect(await codeOf(complete(id, parts))).toBe('InvalidPart');
    parts.splice(1, 0, await part(id, 2));
    expect(await codeOf(complete(id, parts.slice(0, 2)))).toBe('InvalidPart');
    expect(await codeOf(complete(id, parts))).toBe('none');
  });
});

describe('As another store it', () => {
  it('GCS: copies no parts, deletes one at a time, and writes without conditions', async () => {
    await start({ mode: 'gcs', ...BRIEF });
    await put('source', randomBytes(P));
    const id = await begin();
    expect(await codeOf(copy(id, 1, 10))).toBe('NotImplemented');
    const Delete = { Objects: [{ Key: 'source' }] };
    const many = client.send(new DeleteObjectsCommand({ Bucket, Delete }));
    expect(await codeOf(many)).toBe('NotImplemented');
    expect(await codeOf(complete(id, [await part(id, 1)], '*'))).toBe('NotImplemented');
  });

  it('MinIO: finds uploads by their whole key, for a day', async () => {
    await start({ mode: 'minio' });
    const id = await begin();
    expect(await uploadsOf('a/')).toEqual([]);
    expect(await uploadsOf(Key)).toEqual([id]);
    await vanishes(24 * HOUR);
  });

  it('Garage: takes no empty part, and smaller ones than others do', async () => {
    await start({ mode: 'garage' });
    const id = await begin();
    expect(await codeOf(part(id, 1, 0))).toBe('InvalidRequest');
    const parts = [await part(id, 1, 1), await part(id, 2, 1)];
    expect(await codeOf(complete(id, parts))).toBe('none');
    expect(await codeOf(complete(id, parts))).toBe('NoSuchUpload');
  });

  it('Scaleway: takes 1,000 parts', async () => {
    await start({ mode: 'scaleway' });
    const id = await begin();
    expect(await codeOf(part(id, 1000, 1))).toBe('none');
    expect(await codeOf(part(id, 1001, 1))).toBe('InvalidArgument');
  });

  it('B2: completes with all parts, from 1 on', async () => {
    await start({ mode: 'b2', ...BRIEF });
    const id = await begin();
    const parts = [await part(id, 1), await part(id, 3)];
    expect(await codeOf(complete(id, parts))).toBe('InvalidPart');
    parts.splice(1, 0, await part(id, 2));
    expect(await codeOf(complete(id, parts.slice(0, 2)))).toBe('InvalidPart');
    expect(await codeOf(complete(id, parts))).toBe('none');
  });

  it('SeaweedFS: answers a second completion as the first', async () => {
    await start({ mode: 'seaweedfs' });
    const id = await begin();
    const parts = [await part(id, 1)];
    await complete(id, parts);
    expect(await codeOf(complete(id, parts))).toBe('none');
  });
});

describe('What goes wrong when it is told to:', () => {
  const expected: Record<S3Fault, { readonly code: string; readonly isDone: boolean }> = {
    refused: { code: 'SlowDown', isDone: false },
    error: { code: 'InternalError', isDone: false },
    'error after': { code: 'InternalError', isDone: true },
    'error in 200': { code: 'InternalError', isDone: false },
    'error in 200 after': { code: 'InternalError', isDone: true },
    before: { code: 'ECONNRESET', isDone: false },
    after: { code: 'ECONNRESET', isDone: true },
    'hang before': { code: 'none', isDone: false },
    'hang after': { code: 'none', isDone: true },
    late: { code: 'none', isDone: true },
    twice: { code: 'none', isDone: true },
    'empty etag': { code: 'none', isDone: true },
  };

  it.each(Object.entries(S3_FAULTS))('%s: %s', async (name) => {
    await start({});
    const fault = name as S3Fault;
    const { code, isDone } = expected[fault];
    const planned = double.inject('PutObject', fault, { nth: 2, lateMs: 50 });
    await put('before it');
    const command = new PutObjectCommand({ Bucket, Key, Body: 'text' });
    const answer = client.send(command);
    const outcome = codeOf(answer);
    await planned.met;
    if (fault.startsWith('hang')) {
      await sleep(20);
      const isThere = sizeOf().then(
        () => true,
        () => false,
      );
      expect(await isThere).toBe(isDone);
      planned.release();
      expect(await outcome).toBe('none');
      expect(await sizeOf()).toBe(4);
      return;
    }
    expect(await outcome).toBe(code);
    expect(await codeOf(sizeOf())).toBe(isDone ? 'none' : 'NotFound');
    if (fault === 'empty etag') expect((await answer).ETag ?? '').toBe('');
    await put('after it');
    expect(planned.count).toBe(1);
  });

  it('a completion that is answered 200 with an error in it fails', async () => {
    await start({});
    const id = await begin();
    const parts = [await part(id, 1)];
    double.inject('CompleteMultipartUpload', 'error in 200');
    expect(await codeOf(complete(id, parts))).toBe('InternalError');
    double.inject('CompleteMultipartUpload', 'empty etag');
    expect((await complete(id, parts)).ETag ?? '').toBe('');
    expect(await sizeOf()).toBe(P);
  });

  it('a completion that is done twice is answered as the second one', async () => {
    await start({ mode: 'garage' });
    const id = await begin();
    double.inject('CompleteMultipartUpload', 'twice');
    expect(await codeOf(complete(id, [await part(id, 1)]))).toBe('NoSuchUpload');
    expect(await sizeOf()).toBe(P);
  });

  it('a part that is held lands when it is let go, though its sender has gone', async () => {
    await start(BRIEF);
    const id = await begin();
    const held = double.inject('UploadPart', 'hang before', {
      match: (call) => call.partNumber === 2,
    });
    await part(id, 1);
    const given = new AbortController();
    const command = { Bucket, Key, UploadId: id, PartNumber: 2, Body: randomBytes(P) };
    const sent = client.send(new UploadPartCommand(command), { abortSignal: given.signal });
    await held.met;
    given.abort();
    expect(await codeOf(sent)).not.toBe('none');
    expect(await numbersOf(id)).toEqual([1]);
    held.release();
    await until('it has landed', async () => (await numbersOf(id)).length === 2);
  });

  it('as many requests as it is told', async () => {
    await start({});
    const planned = double.inject('PutObject', 'refused', { times: 2 });
    const codes = [await codeOf(put()), await codeOf(put()), await codeOf(put())];
    expect(codes).toEqual(['SlowDown', 'SlowDown', 'none']);
    expect(planned.count).toBe(2);
    double.inject('*', 'before', { times: Infinity });
    expect(await codeOf(sizeOf())).toBe('ECONNRESET');
    double.removeHooks();
    expect(await codeOf(sizeOf())).toBe('none');
  });

  it('whatever a hook of a test makes of a request', async () => {
    await start({});
    const order: string[] = [];
    double.on('PutObject', async (_, proceed) => {
      order.push('first');
      const answer = await proceed();
      order.push('first again');
      return answer;
    });
    const end = double.on('*', async (call, proceed) => {
      order.push(call.operation);
      return proceed();
    });
    await put();
    end();
    await put();
    expect(order).toEqual(['first', 'PutObject', 'first again', 'first', 'first again']);
    double.on('PutObject', async () => {
      throw new Error('a mistake of the test');
    });
    await expect(put()).rejects.toThrow(/a mistake of the test/);
  });
});

it('S3Double keeps a log of requests and bytes', async () => {
  await start(BRIEF);
  const id = await begin();
  await part(id, 3, 1234);
  expect(await codeOf(sizeOf())).toBe('NotFound');
  double.inject('PutObject', 'before');
  await codeOf(put('cut', randomBytes(7)));
  const log = double.log.map(({ headers: _headers, ...entry }) => entry);
  expect(log).toMatchObject([
    { operation: 'CreateMultipartUpload', bucket: Bucket, key: Key, uploadId: null, status: 200 },
    {
      operation: 'UploadPart',
      uploadId: id,
      partNumber: 3,
      received: 1234,
      status: 200,
      code: null,
    },
    { operation: 'HeadObject', received: 0, status: 404, code: 'NoSuchKey' },
    { operation: 'PutObject', key: 'cut', received: 7, status: null, code: null },
  ]);
  expect(double.log[1]?.headers['content-length']).toBe('1234');
});
