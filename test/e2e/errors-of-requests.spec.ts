import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { FrameConnection } from '../support/http2-frames.js';
import { speaksHttp2 } from '../support/http2-fetch.js';
import { Refusals } from '../support/refusals.js';
import { RawConnection } from '../support/raw-connection.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

// The rows of the contract's error table about the request and the upload that it names.

let host: Host;
let ann: UploadClient;
let refusal: Refusals;
const file = sample(300);
const first = file.subarray(0, 100);
const second = file.subarray(100, 200);
const sum = md5(file);

beforeAll(async () => {
  host = await startHost({ upload: { maxBytes: 1000, minBytes: 10 } });
  ann = new UploadClient(`${host.url}/uploads`);
  refusal = new Refusals(host, ann);
});
afterAll(() => host.close());

describe('404 Not found.', () => {
  const notFound = { status: 404, body: { detail: 'Not found.' } };

  it.each([
    ['that nobody knows', crypto.randomUUID()],
    ['that is none', 'none'],
    ['of blanks', '%20%20'],
    ['with a NUL', '%00'],
    ['of 5,000 digits', '1'.repeat(5000)],
    ['that leads out of the folder', '..%2f..%2fetc%2fpasswd'],
    ['that is nearly one', `${crypto.randomUUID()}0`],
    ['in braces', `{${crypto.randomUUID()}}`],
  ])('for an id %s, by every verb', async (_, id) => {
    expect(await ann.get(id)).toMatchObject(notFound);
    expect((await ann.head(id)).status).toBe(404);
    expect(await ann.put('bytes 0-99/300', first, { id })).toMatchObject(notFound);
    expect(await ann.complete(id, sum)).toMatchObject(notFound);
    expect(await ann.delete(id)).toMatchObject(notFound);
    expect((await ann.download(id)).status).toBe(404);
  });

  it.each([crypto.randomUUID(), 'none', '\0', '1'.repeat(5000), '../../etc/passwd'])(
    'for the upload_id %j',
    async (id) => {
      const query = { upload_id: id };
      expect(await ann.put('bytes 0-99/300', first, { query })).toMatchObject(notFound);
      const form = { before: query };
      expect(await ann.put('bytes 0-99/300', first, { form })).toMatchObject(notFound);
      expect(await ann.postForm({ ...query, md5: sum })).toMatchObject(notFound);
      expect(await ann.postJson({ ...query, md5: sum })).toMatchObject(notFound);
    },
  );

  it("for another caller's upload: who-sees-what.spec.ts", async () => {
    const { id } = await ann.begin(first, 300);
    expect(await ann.as('bob').get(id)).toMatchObject(notFound);
  });
});

describe('410 Upload has expired', () => {
  it('for PUT and POST; GET still shows it', async () => {
    const { id } = await ann.begin(first, 300);
    await host.dataSource.query('UPDATE chunked_upload SET expires_at = now() WHERE id = $1', [id]);
    const body = { detail: 'Upload has expired' };
    await refusal.of(id, () => ann.put('bytes 100-199/300', second, { id }), 410, body);
    await refusal.of(id, () => ann.complete(id, sum), 410, body);
  });
});

describe('410 Upload has been aborted', () => {
  it('for PUT and POST, whose bytes are gone from the disk', async () => {
    const { id } = await ann.begin(first, 300);
    await host.uploads.abort(id);
    expect((await ann.get(id)).upload.status).toBe(3);
    const body = { detail: 'Upload has been aborted' };
    await refusal.of(id, () => ann.put('bytes 100-199/300', second, { id }), 410, body);
    await refusal.of(id, () => ann.complete(id, sum), 410, body);
    expect((await storedFiles(host.root)).filter((name) => name.includes(id))).toEqual([]);
  });

  it('and says so where somebody else has removed the bytes from the disk', async () => {
    const { id } = await ann.begin(first, 300);
    const [path = ''] = (await storedFiles(host.root)).filter((name) => name.includes(id));
    await rm(join(host.root, path));
    const body = { detail: 'The bytes of this upload are gone from the storage' };
    await refusal.of(id, () => ann.put('bytes 100-199/300', second, { id }), 410, body);
  });
});

describe('400 No chunk file was submitted', () => {
  const body = { detail: expect.stringMatching(/^No chunk file was submitted: /) };
  const headers = { 'content-range': 'bytes 0-99/300' };

  it('for no body', async () => {
    await refusal.ofNew(() => ann.send('PUT', { headers }), 400, body);
    await refusal.ofNew(() => ann.send('POST', {}), 400, body);
  });

  it('for a form without a file', async () => {
    const form = new FormData();
    form.append('filename', 'a');
    await refusal.ofNew(() => ann.send('PUT', { headers }, form), 400, body);
    await refusal.ofNew(() => ann.send('PUT', { headers }, new URLSearchParams('a=1')), 400, body);
    const json = { ...headers, 'content-type': 'application/json' };
    await refusal.ofNew(() => ann.send('PUT', { headers: json }, '{"a":1}'), 400, body);
    await refusal.ofNew(() => ann.postForm({ md5: sum }), 400, body);
    await refusal.ofNew(() => ann.postJson({ md5: sum }), 400, body);
  });

  it('for a file under another name', async () => {
    const form = { part: 'image' };
    await refusal.ofNew(() => ann.put('bytes 0-99/300', first, { form }), 400, body);
    await refusal.ofNew(() => ann.whole(file, { form }), 400, body);
  });

  it('for a file sent as a field', async () => {
    const form = new FormData();
    form.append('file', 'just text');
    await refusal.ofNew(() => ann.send('PUT', { headers }, form), 400, body);
  });

  it('also for the next chunk', async () => {
    const { id } = await ann.begin(first, 300);
    await refusal.of(id, () => ann.send('PUT', { id, headers }), 400, body);
  });
});

describe('400 Error in request headers', () => {
  const body = { detail: expect.stringMatching(/^Error in request headers: Content-Range /) };

  it('for a PUT without Content-Range', async () => {
    await refusal.ofNew(() => ann.put(null, first), 400, body);
    await refusal.ofNew(() => ann.put(null, first, { form: {} }), 400, body);
  });

  it.each([
    '',
    'bytes',
    'bytes 0-99',
    'bytes 0-99/',
    'bytes /300',
    'bytes */300',
    'bytes 99-0/300',
    'bytes -1-99/300',
    'bytes 0-99/-300',
    'bytes 0-1e2/300',
    'bytes 0x0-0x63/300',
    'bytes 0-99.0/300',
    'bytes 0 - 99/300',
    'bytes=0-99/300',
    'items 0-99/300',
    '0-99/300',
    'bytes 0-99/300, bytes 0-99/300',
    'bytes 0-99/9007199254740992',
    'bytes 0-9007199254740991/*',
    'bytes 9223372036854775808-9223372036854775809/*',
    `bytes 0-99/${'9'.repeat(5000)}`,
    `bytes ${'0'.repeat(5000)}-99/300`,
  ])('for Content-Range %j', async (range) => {
    await refusal.ofNew(() => ann.put(range, first), 400, body);
  });

  it('for the header twice', async () => {
    if (speaksHttp2(host.url)) return expectTwiceOverHttp2();
    const connection = await RawConnection.open(host.url);
    await connection.head('PUT', '/uploads?filename=a', {
      'content-type': 'application/octet-stream',
      'content-length': 100,
      'content-range': ['bytes 0-99/300', 'bytes 0-99/300'],
    });
    await connection.write(first);
    expect(await connection.answer()).toMatchObject({ status: 400, json: body });
    connection.destroy();
  });

  async function expectTwiceOverHttp2(): Promise<void> {
    const connection = await FrameConnection.open(host.url);
    const stream = connection.request('PUT', '/uploads?filename=a', [
      ['content-type', 'application/octet-stream'],
      ['content-range', 'bytes 0-99/300'],
      ['content-range', 'bytes 0-99/300'],
    ]);
    connection.data(stream, first);
    connection.end(stream);
    await until('it is answered', () => connection.answer(stream).ended);
    const answer = connection.answer(stream);
    expect({ status: answer.status, json: JSON.parse(answer.body) }).toEqual({
      status: 400,
      json: body,
    });
    connection.destroy();
  }

  it('for a next chunk too', async () => {
    const { id } = await ann.begin(first, 300);
    await refusal.of(id, () => ann.put(null, second, { id }), 400, body);
    await refusal.of(id, () => ann.put('bytes 199-100/300', second, { id }), 400, body);
  });
});

describe('The order of the questions', () => {
  it('is the form of the request, then the upload, then complete, total and offset', async () => {
    const gone = crypto.randomUUID();
    expect((await ann.put(null, first, { id: gone })).detail).toMatch(/^Error in request headers/);
    expect((await ann.put('bytes 0-99/300', first, { id: gone })).status).toBe(404);
    const { id } = await ann.file(file);
    expect((await ann.put('bytes 0-99/999', first, { id })).detail).toMatch(/already/);
  });
});
