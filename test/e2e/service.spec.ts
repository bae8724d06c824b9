import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ChunkedUploadErrorCode, ChunkedUploadService } from 'nestjs-chunked-upload';
import { ChunkedUpload, ChunkedUploadError, ChunkedUploadStatus } from 'nestjs-chunked-upload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { storedFiles } from '../support/stored-files.js';
import { md5, sample } from '../support/upload-client.js';

let host: Host;
let uploads: ChunkedUploadService;
const file = sample(300);
const first = file.subarray(0, 100);
const fields = { filename: 'film.mp4' };
const ann = { creator: 'ann' };
const bob = { creator: 'bob' };

beforeAll(async () => {
  host = await startHost({ upload: { maxBytes: 1000, controller: false } });
  uploads = host.uploads;
});
afterAll(() => host.close());

async function expectError(work: Promise<unknown>, code: ChunkedUploadErrorCode): Promise<void> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ChunkedUploadError);
  expect((error as ChunkedUploadError).code).toBe(code);
}

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
}

async function* broken(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
  throw new Error('The source broke');
}

describe('begin', () => {
  it('takes the first bytes and answers the record', async () => {
    const upload = await uploads.begin({ body: first, total: 300, fields }, ann);
    expect(upload).toBeInstanceOf(ChunkedUpload);
    expect(upload).toMatchObject({
      offset: 100,
      total: 300,
      filename: 'film.mp4',
      creator: 'ann',
      status: ChunkedUploadStatus.Incomplete,
      ownerType: null,
      completedAt: null,
    });
    expect(upload.createdAt).toBeInstanceOf(Date);
    expect(await uploads.findOne(upload.id)).toEqual(upload);
  });

  it.each([
    ['a buffer', () => file],
    ['a stream', () => Readable.from([file])],
    ['an iterable', () => pieces(file)],
  ])('takes %s', async (_, body) => {
    const { id, offset } = await uploads.begin({ body: body(), fields });
    expect(offset).toBe(300);
    const { upload } = await uploads.complete(id, { checksum: md5(file) });
    expect(await buffer(await uploads.createReadStream(upload))).toEqual(file);
  });

  it('keeps what came of a source that breaks, in the list of its creator', async () => {
    const carl = { creator: 'carl' };
    await expectError(uploads.begin({ body: broken(first), fields }, carl), 'interrupted');
    expect(await uploads.find({}, carl)).toMatchObject([{ offset: 100 }]);
  });

  it('keeps nothing of it without a creator: nobody would find it', async () => {
    const before = await storedFiles(host.root);
    await expectError(uploads.begin({ body: broken(first), fields }), 'interrupted');
    expect(await storedFiles(host.root)).toEqual(before);
  });

  it('refuses what is too large, too short or empty', async () => {
    await expectError(uploads.begin({ body: first, total: 1001, fields }), 'too_large');
    await expectError(uploads.begin({ body: first, length: 101, fields }), 'size_mismatch');
    await expectError(uploads.begin({ body: Buffer.alloc(0), fields }), 'empty_chunk');
  });
});

describe('append', () => {
  it('goes on at the offset', async () => {
    const { id } = await uploads.begin({ body: first, total: 300, fields }, ann);
    const upload = await uploads.append(id, { body: pieces(file.subarray(100)), offset: 100 }, ann);
    expect(upload).toMatchObject({ id, offset: 300, total: 300 });
  });

  it('keeps what came of a source that breaks', async () => {
    const { id } = await uploads.begin({ body: first, total: 300, fields });
    const body = broken(file.subarray(100, 150));
    await expectError(uploads.append(id, { body, offset: 100 }), 'interrupted');
    expect((await uploads.findOne(id)).offset).toBe(150);
    await uploads.append(id, { body: file.subarray(150), offset: 150 });
    const { upload } = await uploads.complete(id, { checksum: md5(file) });
    expect(upload.status).toBe(ChunkedUploadStatus.Complete);
  });

  it('refuses another offset, another total, another caller', async () => {
    const { id } = await uploads.begin({ body: first, total: 300, fields }, ann);
    const body = file.subarray(100, 200);
    await expectError(uploads.append(id, { body, offset: 99 }), 'offset_mismatch');
    await expectError(uploads.append(id, { body, offset: 100, total: 400 }), 'total_mismatch');
    await expectError(uploads.append(id, { body, offset: 100 }, bob), 'not_found');
    await expectError(uploads.append('none', { body, offset: 100 }), 'not_found');
    const beyond = { body: file, length: 300, offset: 100 };
    await expectError(uploads.append(id, beyond), 'end_exceeds_total');
    expect((await uploads.findOne(id)).offset).toBe(100);
  });
});

describe('complete', () => {
  it('verifies, and may be repeated', async () => {
    const { id } = await uploads.begin({ body: file, total: 300, fields }, ann);
    await expectError(uploads.complete(id, {}, ann), 'checksum_required');
    await expectError(uploads.complete(id, { checksum: 'x' }, ann), 'checksum_mismatch');
    await expectError(uploads.complete(id, { checksum: md5(file) }, bob), 'not_found');
    const { upload, response } = await uploads.complete(id, { checksum: md5(file) }, ann);
    expect(upload).toMatchObject({ status: ChunkedUploadStatus.Complete, checksum: md5(file) });
    expect(response).toBeUndefined();
    const again = await uploads.complete(id, { checksum: md5(file) }, ann);
    expect(again.upload).toEqual(upload);
  });

  it('wants all bytes', async () => {
    const { id } = await uploads.begin({ body: first, total: 300, fields });
    await expectError(uploads.complete(id, { checksum: md5(first) }), 'incomplete');
  });
});

describe('uploadWhole', () => {
  it('takes a whole file', async () => {
    const checksum = () => md5(file);
    const { upload } = await uploads.uploadWhole({ body: pieces(file), fields, checksum }, ann);
    expect(upload).toMatchObject({ offset: 300, total: 300, status: 2, creator: 'ann' });
    expect(await uploads.findOne(upload.id, ann)).toEqual(upload);
  });

  it('asks for no sum where the caller does not, and keeps the one of what came', async () => {
    const { upload } = await uploads.uploadWhole({ body: pieces(file), fields });
    expect(upload).toMatchObject({ offset: 300, status: 2, checksum: md5(file) });
    const again = await uploads.complete(upload.id, { checksum: md5(file) });
    expect(again.upload).toEqual(upload);
  });

  it('leaves nothing of one that is wrong', async () => {
    const before = { files: await storedFiles(host.root), uploads: await uploads.find() };
    const wrong = { body: file, fields, checksum: 'x' };
    await expectError(uploads.uploadWhole(wrong), 'checksum_mismatch');
    const missing = [null, () => null, '', () => ''];
    for (const checksum of missing) {
      await expectError(uploads.uploadWhole({ body: file, fields, checksum }), 'checksum_required');
    }
    const cut = { body: broken(file), fields, checksum: md5(file) };
    await expectError(uploads.uploadWhole(cut), 'interrupted');
    const large = { body: sample(1001), fields, checksum: md5(sample(1001)) };
    await expectError(uploads.uploadWhole(large), 'too_large');
    const after = { files: await storedFiles(host.root), uploads: await uploads.find() };
    expect(after).toEqual(before);
  });
});

describe('A filename', () => {
  it.each(['', '.', ' .. ', ' \t', 'a\0b', 'x'.repeat(256), null, 7])(
    '%j is refused by whatever begins an upload',
    async (filename) => {
      const wrong = { filename } as unknown as typeof fields;
      const before = { files: await storedFiles(host.root), uploads: await uploads.find() };
      const begin = { body: file, fields: wrong };
      const calls = [
        () => uploads.begin(begin),
        () => uploads.begin({ ...begin, fields: (atEnd) => (atEnd ? wrong : null) }),
        () => uploads.uploadWhole(begin),
        // What has no name yet may get one later.
        ...(filename === '' ? [] : [() => uploads.create({ fields: wrong })]),
      ] satisfies (() => Promise<unknown>)[];
      for (const call of calls) await expectError(call(), 'invalid_field');
      const after = { files: await storedFiles(host.root), uploads: await uploads.find() };
      expect(after).toEqual(before);
    },
  );

  it('is kept without the blanks around it', async () => {
    const blank = { filename: '  a.mp4 ' };
    const created = await uploads.create({ fields: blank });
    expect(created).toMatchObject({ filename: 'a.mp4' });
    expect(created.key).toMatch(/\.mp4$/);
    expect(await uploads.begin({ body: first, fields: blank })).toMatchObject({
      filename: 'a.mp4',
    });
    const { upload } = await uploads.uploadWhole({ body: file, fields: blank });
    expect(upload.filename).toBe('a.mp4');
  });

  it('is checked as well where it comes with the first bytes', async () => {
    const { id } = await uploads.create({ total: 300, fields: { filename: '' } });
    for (const filename of ['', '..', 'a\0b']) {
      await expectError(uploads.append(id, { body: first, offset: 0, filename }), 'invalid_field');
    }
    const chunk = { body: first, offset: 0, filename: ' b.mp4' };
    expect(await uploads.append(id, chunk)).toMatchObject({ filename: 'b.mp4', offset: 100 });
  });
});

describe('findOne and find', () => {
  it('see all without a caller, and their own with one', async () => {
    const dora = { creator: 'dora' };
    const { id } = await uploads.begin({ body: first, fields }, dora);
    expect((await uploads.findOne(id.toUpperCase())).id).toBe(id);
    expect((await uploads.findOne(id, dora)).id).toBe(id);
    await expectError(uploads.findOne(id, bob), 'not_found');
    await expectError(uploads.findOne(id, { creator: null }), 'not_found');
    expect((await uploads.find()).map((upload) => upload.id)).toContain(id);
    expect(await uploads.find({}, dora)).toMatchObject([{ id }]);
    expect(await uploads.find({ status: ChunkedUploadStatus.Complete }, dora)).toEqual([]);
    expect(await uploads.find({ limit: 1, offset: 1 }, dora)).toEqual([]);
    expect(await uploads.find({}, { creator: null })).toEqual([]);
  });
});

describe('createReadStream', () => {
  it('reads a range of a complete upload, and nothing of another', async () => {
    const { id } = await uploads.begin({ body: file, total: 300, fields });
    await expectError(uploads.createReadStream(await uploads.findOne(id)), 'not_found');
    const { upload } = await uploads.complete(id, { checksum: md5(file) });
    const stream = await uploads.createReadStream(upload, { start: 10, end: 19 });
    expect(await buffer(stream)).toEqual(file.subarray(10, 20));
  });
});

describe('abort and remove', () => {
  it('abort removes the bytes and keeps the record', async () => {
    const { id } = await uploads.begin({ body: first, total: 300, fields }, ann);
    await expectError(uploads.abort(id, bob), 'not_found');
    expect((await uploads.abort(id, ann)).status).toBe(ChunkedUploadStatus.Aborted);
    expect((await storedFiles(host.root)).filter((name) => name.includes(id))).toEqual([]);
    await expectError(uploads.append(id, { body: file, offset: 100 }), 'aborted');
    await expectError(uploads.complete(id, { checksum: md5(file) }), 'aborted');
    expect((await uploads.abort(id, ann)).status).toBe(ChunkedUploadStatus.Aborted);
  });

  it('abort leaves a complete upload alone', async () => {
    const { upload } = await uploads.uploadWhole({ body: file, fields, checksum: md5(file) });
    await expectError(uploads.abort(upload.id), 'already_complete');
    expect(await buffer(await uploads.createReadStream(upload))).toEqual(file);
  });

  it('remove removes both', async () => {
    const { upload } = await uploads.uploadWhole({ body: file, fields, checksum: md5(file) }, ann);
    await expectError(uploads.remove(upload.id, bob), 'not_found');
    await uploads.remove(upload.id, ann);
    await expectError(uploads.findOne(upload.id), 'not_found');
    await expectError(uploads.remove(upload.id), 'not_found');
    expect((await storedFiles(host.root)).filter((name) => name.includes(upload.id))).toEqual([]);
  });
});
