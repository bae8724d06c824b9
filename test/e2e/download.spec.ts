import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { LocalDiskStorage } from 'nestjs-chunked-upload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost, withHost } from '../support/host.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

let host: Host;
let ann: UploadClient;
let id: string;
const file = sample(3000);

beforeAll(async () => {
  host = await startHost();
  ann = new UploadClient(`${host.url}/uploads`);
  ({ id } = await ann.file(file, { filename: 'film.mp4' }));
});
afterAll(() => host.close());

describe('GET /uploads/:id/file', () => {
  it('answers the file, to be saved and never shown', async () => {
    const { status, headers, bytes } = await ann.download(id);
    expect(status).toBe(200);
    expect(bytes).toEqual(file);
    expect(headers.get('content-length')).toBe('3000');
    expect(headers.get('content-type')).toBe('video/mp4');
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="?film\.mp4"?$/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('accept-ranges')).toBe('bytes');
    expect(headers.get('etag')).toBe(`"${md5(file)}"`);
  });

  it('with a slash at the end of the path, and an id in any spelling', async () => {
    const spelling = id.replaceAll('-', '').toUpperCase();
    const response = await fetch(`${ann.url}/${spelling}/file/`, { headers: { 'x-user': 'ann' } });
    expect(Buffer.from(await response.arrayBuffer())).toEqual(file);
  });

  it.each([
    ['naïve résumé.txt', `filename*=UTF-8''na%C3%AFve%20r%C3%A9sum%C3%A9.txt`],
    ['文件 📁.bin', `filename*=UTF-8''%E6%96%87%E4%BB%B6%20%F0%9F%93%81.bin`],
    ['a"b.txt', 'filename="a\\"b.txt"'],
    // No path (RFC 6266, section 4.3).
    ['../../etc/passwd', 'filename=passwd'],
    ['C:\\dir\\film.mp4', 'filename=film.mp4'],
    ['dir/naïve.txt', `filename*=UTF-8''na%C3%AFve.txt`],
    ['two\r\nlines.txt', `filename*=UTF-8''two%0D%0Alines.txt`],
  ])('names the file %j as RFC 6266 says', async (filename, parameter) => {
    const upload = await ann.file(file, { filename });
    const { status, headers } = await ann.download(upload.id);
    expect(status).toBe(200);
    expect(headers.get('content-disposition')).toMatch(/^attachment; /);
    expect(headers.get('content-disposition')).toContain(parameter);
  });

  it.each(['page.html', 'drawing.svg', 'script.js', 'unknown.xyzzy', 'no extension'])(
    'serves %j as an attachment that is not sniffed',
    async (filename) => {
      const upload = await ann.file(file, { filename });
      const { headers } = await ann.download(upload.id);
      expect(headers.get('content-disposition')).toMatch(/^attachment/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-type')).toBeTruthy();
    },
  );

  it('of zero bytes', async () => {
    const nothing = Buffer.alloc(0);
    const { upload } = await ann.whole(nothing, { query: { md5: md5(nothing) } });
    const { status, headers, bytes } = await ann.download(upload.id);
    expect({ status, size: bytes.length }).toEqual({ status: 200, size: 0 });
    expect(headers.get('content-length')).toBe('0');
    for (const range of ['bytes=0-', 'bytes=0-1023', 'bytes=-1']) {
      const ranged = await ann.download(upload.id, { range });
      expect({ status: ranged.status, size: ranged.bytes.length }).toEqual({
        status: 200,
        size: 0,
      });
      expect((await ann.download(upload.id, { range }, 'HEAD')).status).toBe(200);
    }
  });

  it('is 404 before completion, also with all bytes there, and after an abort', async () => {
    const begun = await ann.begin(file, 3000);
    expect((await ann.download(begun.id)).status).toBe(404);
    expect((await ann.download(begun.id, {}, 'HEAD')).status).toBe(404);
    await host.uploads.abort(begun.id);
    expect((await ann.download(begun.id)).status).toBe(404);
  });

  it('is 404 for an id that is none', async () => {
    expect((await ann.download('none')).status).toBe(404);
    expect((await ann.download(crypto.randomUUID())).status).toBe(404);
  });
});

describe('HEAD /uploads/:id/file', () => {
  it('answers the headers of GET and no byte', async () => {
    const head = await ann.download(id, {}, 'HEAD');
    const get = await ann.download(id);
    expect(head).toMatchObject({ status: 200, bytes: Buffer.alloc(0) });
    for (const name of ['content-length', 'content-type', 'etag', 'content-disposition']) {
      expect(head.headers.get(name)).toBe(get.headers.get(name));
    }
  });

  it('answers to Range and If-None-Match like GET', async () => {
    expect((await ann.download(id, { range: 'bytes=0-9' }, 'HEAD')).status).toBe(206);
    expect((await ann.download(id, { range: 'bytes=3000-' }, 'HEAD')).status).toBe(416);
    const etag = `"${md5(file)}"`;
    expect((await ann.download(id, { 'if-none-match': etag }, 'HEAD')).status).toBe(304);
  });
});

describe('Range', () => {
  it.each([
    ['bytes=0-99', 0, 99],
    ['bytes=1000-1999', 1000, 1999],
    ['bytes=2999-2999', 2999, 2999],
    ['bytes=2500-', 2500, 2999],
    ['bytes=-500', 2500, 2999],
    ['bytes=2990-9999', 2990, 2999],
    ['bytes=-9999', 0, 2999],
    ['bytes=-9999, 0-99', 0, 2999],
    ['Bytes=0-99', 0, 99],
  ])('%s is answered 206', async (range, start, end) => {
    const { status, headers, bytes } = await ann.download(id, { range });
    expect(status).toBe(206);
    expect(headers.get('content-range')).toBe(`bytes ${start}-${end}/3000`);
    expect(headers.get('content-length')).toBe(String(end - start + 1));
    expect(bytes).toEqual(file.subarray(start, end + 1));
  });

  it.each(['bytes=3000-', 'bytes=5000-6000', 'bytes=-0'])('%s is answered 416', async (range) => {
    const { status, headers, bytes } = await ann.download(id, { range });
    expect(status).toBe(416);
    expect(headers.get('content-range')).toBe('bytes */3000');
    const detail = 'The range is not within the file, which has 3000 bytes';
    expect(JSON.parse(bytes.toString())).toEqual({ detail });
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('content-length')).toBe(String(bytes.length));
    // Else a browser would save it under the file's name.
    expect(headers.get('content-disposition')).toBeNull();
  });

  it.each(['bytes=abc', 'bytes', 'lines=0-9', 'bytes=0-9,100-109', 'bytes=9-0,'])(
    '%s is answered with a whole file or a 416, never with other bytes',
    async (range) => {
      const { status, bytes } = await ann.download(id, { range });
      expect([200, 416]).toContain(status);
      if (status === 200) expect(bytes).toEqual(file);
    },
  );

  it('counts only while If-Range names this file', async () => {
    const range = 'bytes=0-9';
    const same = await ann.download(id, { range, 'if-range': `"${md5(file)}"` });
    expect(same.status).toBe(206);
    const other = await ann.download(id, { range, 'if-range': '"other"' });
    expect(other).toMatchObject({ status: 200, bytes: file });
  });
});

describe('If-None-Match', () => {
  it.each([`"${md5(file)}"`, `W/"${md5(file)}"`, `"other", "${md5(file)}"`, '*'])(
    '%s is answered 304',
    async (etag) => {
      const { status, headers, bytes } = await ann.download(id, { 'if-none-match': etag });
      expect({ status, size: bytes.length }).toEqual({ status: 304, size: 0 });
      expect(headers.get('etag')).toBe(`"${md5(file)}"`);
    },
  );

  it('of another file is answered with this one', async () => {
    const { status } = await ann.download(id, { 'if-none-match': '"other"' });
    expect(status).toBe(200);
  });
});

describe.each(['GET', 'HEAD'])('%s of a file that may have changed', (method) => {
  const etag = `"${md5(file)}"`;

  it.each([
    [{ 'if-match': etag, range: 'bytes=0-9' }, 206],
    [{ 'if-match': '*' }, 200],
    [{ 'if-match': '"other"', range: 'bytes=0-9' }, 412],
    [{ 'if-match': `W/${etag}` }, 412],
    [{ 'if-unmodified-since': 'Mon, 01 Jan 2001 00:00:00 GMT', range: 'bytes=0-9' }, 412],
    [{ 'if-unmodified-since': 'Fri, 01 Jan 2100 00:00:00 GMT', range: 'bytes=0-9' }, 206],
  ])('%j is answered %i', async (headers, status) => {
    const answer = await ann.download(id, headers, method);
    expect(answer.status).toBe(status);
    if (status !== 412) return;
    const detail = 'The file is not the one that the request names, or has been changed since';
    expect(answer.bytes.toString()).toBe(method === 'GET' ? JSON.stringify({ detail }) : '');
  });
});

describe('A file that is missing on disk', () => {
  it('is answered by the module, not with the headers of a download', async () => {
    const upload = await ann.file(file, { filename: 'lost.mp4' });
    const [path = ''] = (await storedFiles(host.root)).filter((name) => name.includes(upload.id));
    await rm(join(host.root, path));
    const { status, headers, bytes } = await ann.download(upload.id);
    expect(status).toBe(410);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('content-disposition')).toBeNull();
    expect(headers.get('etag')).not.toBe(`"${md5(file)}"`);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(JSON.parse(bytes.toString())).toEqual({
      detail: 'The bytes of this upload are gone from the storage',
    });
    expect((await ann.delete(upload.id)).status).toBe(204);
  });
});

describe('A download in the middle of which the storage fails', () => {
  it('is a failure to its client, not a shorter file', async () => {
    const root = join(tmpdir(), `download-${process.pid}`);
    const storage = new LocalDiskStorage({ root });
    storage.createReadStream = () =>
      Promise.resolve(Readable.from(halfOf(file), { objectMode: false }));
    await withHost({ upload: { storage } }, async ({ url }) => {
      const client = new UploadClient(`${url}/uploads`);
      const upload = await client.file(file);
      await expect(client.download(upload.id)).rejects.toThrow(TypeError);
      await expect(client.download(upload.id, { range: 'bytes=1-2000' })).rejects.toThrow(
        TypeError,
      );
    });
    await rm(root, { recursive: true, force: true });
  });
});

function* halfOf(bytes: Uint8Array): Generator<Uint8Array> {
  yield bytes.subarray(0, bytes.length / 2);
  throw new Error('EIO: injected');
}
