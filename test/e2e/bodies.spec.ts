import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { RawConnection } from '../support/raw-connection.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

let host: Host;
let ann: UploadClient;
const file = sample(300);
const first = file.subarray(0, 100);
const sum = md5(file);

beforeAll(async () => {
  host = await startHost({ upload: { maxBytes: 20_000_000 } });
  ann = new UploadClient(`${host.url}/uploads`);
});
afterAll(() => host.close());

const multipart = { 'content-type': 'multipart/form-data; boundary=b' };
const part = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n';

describe('A raw body', () => {
  it.each([
    'application/octet-stream',
    'video/mp4',
    'text/plain',
    'image/png; foo=bar',
    'nonsense',
  ])('may be of type %s', async (type) => {
    const headers = { 'content-type': type };
    const { id } = await ann.begin(file, 300, { headers });
    await ann.complete(id, sum);
    expect((await ann.download(id)).bytes).toEqual(file);
  });

  it('may be without a type', async () => {
    const connection = await RawConnection.open(host.url);
    const headers = { 'content-length': 100, 'content-range': 'bytes 0-99/300' };
    await connection.head('PUT', '/uploads?filename=a', headers);
    await connection.write(first);
    expect(await connection.answer()).toMatchObject({ status: 200, json: { offset: 100 } });
    connection.destroy();
  });

  it.each([
    ['content-md5', createHash('md5').update(first).digest('base64')],
    ['content-digest', `md5=:${createHash('md5').update(first).digest('base64')}:`],
    [
      'content-digest',
      `sha-256=:${createHash('sha256').update(first).digest('base64')}:, sha-512=:${createHash('sha512').update(first).digest('base64')}:`,
    ],
    ['content-digest', 'unknown=:AAAA:'],
    ['content-digest', 'constructor=:AAAA:'],
  ])('may bring its digest: %s %s', async (name, value) => {
    const { id } = await ann.begin(first, 300, { headers: { [name]: value } });
    expect(await ann.offset(id)).toBe(100);
  });

  it('in a form has none: a digest is of the whole form', async () => {
    const headers = { 'content-digest': `md5=:${'A'.repeat(22)}==:` };
    expect((await ann.begin(first, 300, { headers, form: {} })).offset).toBe(100);
  });

  it('may come with Transfer-Encoding: chunked', async () => {
    const connection = await RawConnection.put(host.url, {
      'transfer-encoding': 'chunked',
      'content-range': 'bytes 0-99/300',
    });
    await connection.writePiece(first.subarray(0, 10));
    await connection.writePiece(first.subarray(10));
    await connection.writePiece(Buffer.alloc(0));
    expect(await connection.answer()).toMatchObject({ status: 200, json: { offset: 100 } });
    connection.destroy();
  });

  it.each([90, 110])('of unknown length and %i bytes in place of 100 is refused', async (size) => {
    const before = { uploads: await ann.list(), files: await storedFiles(host.root) };
    const connection = await RawConnection.put(host.url, {
      'transfer-encoding': 'chunked',
      'content-range': 'bytes 0-99/300',
    });
    await connection.writePiece(file.subarray(0, size));
    await connection.writePiece(Buffer.alloc(0));
    const detail = `File size doesn't match headers: file size is ${size} but 100 reported`;
    expect(await connection.answer()).toMatchObject({ status: 400, json: { detail } });
    connection.destroy();
    expect({ uploads: await ann.list(), files: await storedFiles(host.root) }).toEqual(before);
  });

  it('waits for 100 Continue where the client does', async () => {
    const connection = await RawConnection.put(host.url, {
      expect: '100-continue',
      'content-length': 100,
      'content-range': 'bytes 0-99/300',
    });
    expect((await connection.answer()).status).toBe(100);
    await connection.write(first);
    expect(await connection.answer()).toMatchObject({ status: 200, json: { offset: 100 } });
    connection.destroy();
  });
});

describe('Content-Encoding', () => {
  it.each(['gzip', 'deflate', 'br', 'nonsense', 'GZIP', 'identity, gzip'])(
    '%s is a 415',
    async (encoding) => {
      const bytes = gzipSync(first);
      const headers = { 'content-encoding': encoding };
      const answer = await ann.put('bytes 0-99/300', bytes, { headers });
      expect(answer).toMatchObject({
        status: 415,
        body: { detail: expect.stringContaining('Content-Encoding') },
      });
    },
  );

  it.each(['identity', 'Identity', 'IDENTITY', '', ' identity ', 'identity, identity'])(
    '%j is none',
    async (encoding) => {
      const headers = { 'content-encoding': encoding };
      expect((await ann.put('bytes 0-99/300', first, { headers })).status).toBe(200);
    },
  );
});

describe('A body that is refused early', () => {
  const large = sample(1024 * 1024);
  const size = 8 * large.length;

  it.each([
    ['for its range', { 'content-range': 'nonsense' }, '/uploads?filename=a', 400],
    [
      'for its total',
      { 'content-range': `bytes 0-${size - 1}/99999999` },
      '/uploads?filename=a',
      400,
    ],
    ['for its offset', { 'content-range': `bytes 5-${size + 4}/*` }, '/uploads?filename=a', 400],
    ['for its name', { 'content-range': `bytes 0-${size - 1}/*` }, '/uploads?filename=', 400],
    ['for its encoding', { 'content-encoding': 'gzip' }, '/uploads?filename=a', 415],
    ['for its id', { 'content-range': `bytes 0-${size - 1}/*` }, `/uploads/${'0'.repeat(32)}`, 404],
  ])('%s is answered, and the connection lives on', async (_, headers, target, status) => {
    const connection = await RawConnection.put(
      host.url,
      { ...headers, 'content-length': size },
      target,
    );
    for (let sent = 0; sent < size; sent += large.length) await connection.write(large);
    expect(await connection.answer()).toMatchObject({ status });
    await connection.head('GET', '/uploads/none', { 'x-user': 'ann' });
    expect(await connection.answer()).toMatchObject({ status: 404 });
    connection.destroy();
  });

  it('is answered while it is still coming, raw and in a form', async () => {
    for (const type of [{}, multipart]) {
      const connection = await RawConnection.put(host.url, { ...type, 'content-length': size });
      await connection.write(part);
      await connection.write(large);
      const detail = expect.stringMatching(/^Error in request headers/) as unknown;
      expect(await connection.answer()).toMatchObject({ status: 400, json: { detail } });
      connection.destroy();
    }
  });

  it('without end is cut off after its answer', async () => {
    const connection = await RawConnection.put(host.url, { 'transfer-encoding': 'chunked' });
    await connection.writePiece(first);
    expect((await connection.answer()).status).toBe(400);
    await connection.closed();
  });
});
