import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { RawConnection } from '../support/raw-connection.js';
import { type SendOptions, UploadClient, md5, sample } from '../support/upload-client.js';

let host: Host;
let ann: UploadClient;
const file = sample(100);
const sum = md5(file);

beforeAll(async () => {
  host = await startHost();
  ann = new UploadClient(`${host.url}/uploads`);
});
afterAll(() => host.close());

const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=b',
  'multipart/form-data',
  'application/octet-stream',
  'text/plain',
];

/** Without a body, by hand: no client of ours would send a type with it. */
async function bare(method: string, target: string, more: Record<string, string | number>) {
  const connection = await RawConnection.open(host.url);
  await connection.head(method, target, { 'x-user': 'ann', ...more });
  if (more['transfer-encoding']) await connection.writePiece(Buffer.alloc(0));
  const answer = await connection.answer();
  connection.destroy();
  return answer;
}

describe.each([
  ['no length', {}],
  ['Content-Length: 0', { 'content-length': 0 }],
  ['no bytes in pieces', { 'transfer-encoding': 'chunked' }],
])('A body of nothing, %s', (_, length) => {
  it.each(TYPES)('is none, though its type is %s', async (type) => {
    const headers = { 'content-type': type, ...length };
    const { id } = await ann.begin(file, 100);
    const done = await bare('POST', `/uploads/${id}?md5=${sum}`, headers);
    expect(done).toMatchObject({ status: 200 });
    const other = await ann.begin(file, 100);
    const named = await bare('POST', `/uploads?upload_id=${other.id}&md5=${sum}`, headers);
    expect(named).toMatchObject({ status: 200 });
    const range = { 'content-range': 'bytes */100' };
    const begun = await bare('PUT', '/uploads?filename=a', { ...headers, ...range });
    expect(begun).toMatchObject({ status: 200 });
    const where = await bare('PUT', `/uploads/${id}`, { ...headers, ...range });
    expect(where).toMatchObject({ status: 200, json: { id } });
    const gone = await bare('DELETE', `/uploads/${id}`, headers);
    expect(gone).toMatchObject({ status: 204 });
    const goneNamed = await bare('DELETE', `/uploads?upload_id=${other.id}`, headers);
    expect(goneNamed).toMatchObject({ status: 204 });
  });
});

describe('A body of nothing', () => {
  it('is no chunk, and an empty file only for a whole-file POST', async () => {
    const range = { 'content-range': 'bytes 0-99/100' };
    const lengths: Record<string, string | number>[] = [
      { 'content-length': 0 },
      { 'transfer-encoding': 'chunked' },
    ];
    for (const type of TYPES) {
      for (const length of lengths) {
        const headers = { 'content-type': type, ...range, ...length };
        const answer = await bare('PUT', '/uploads?filename=a', headers);
        expect(answer.status, type).toBe(400);
      }
    }
    const empty = await ann.whole(Buffer.alloc(0), { query: { md5: md5(Buffer.alloc(0)) } });
    expect(empty).toMatchObject({ status: 200, body: { offset: 0, status: 2 } });
  });
});

const empty =
  '--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n\r\n';
const emptyWithoutType =
  '--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n';
const field = (name: string, value: string) =>
  `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const filePart = `--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n${'x'.repeat(100)}\r\n`;

function form(method: string, parts: string[], options: SendOptions = {}) {
  const type = { 'content-type': 'multipart/form-data; boundary=b' };
  const headers = { ...type, ...options.headers };
  return ann.send(method, { ...options, headers }, `${parts.join('')}--b--\r\n`);
}

describe.each([
  ['as browsers send it', empty],
  ['without a type', emptyWithoutType],
])('A file input that was left empty, %s', (_, input) => {
  it.each(['before', 'after'])('is no file, %s the fields', async (place) => {
    const sent = (...fields: string[]) =>
      place === 'before' ? [input, ...fields] : [...fields, input];
    const { id } = await ann.begin(file, 100);
    expect((await form('POST', sent(field('md5', sum)), { id })).status).toBe(200);
    const other = await ann.begin(file, 100);
    const fields = [field('upload_id', other.id), field('md5', sum)];
    expect((await form('POST', sent(...fields))).status).toBe(200);
    const headers = { 'content-range': 'bytes */100' };
    const begun = await form('PUT', sent(field('filename', 'b')), { headers });
    expect(begun).toMatchObject({ status: 200, body: { filename: 'b', offset: 0 } });
    expect((await form('DELETE', sent(field('upload_id', other.id)))).status).toBe(204);
  });

  it('is no chunk', async () => {
    const headers = { 'content-range': 'bytes 0-99/100' };
    const answer = await form('PUT', [input, field('filename', 'a')], { headers });
    expect(answer).toMatchObject({
      status: 400,
      detail: expect.stringMatching(/^No chunk file was submitted/),
    });
  });

  it('may stand beside the one that was not', async () => {
    const headers = { 'content-range': 'bytes 0-99/100' };
    for (const parts of [
      [input, filePart],
      [filePart, input],
    ]) {
      const answer = await form('PUT', parts, { headers });
      expect(answer).toMatchObject({ status: 200, body: { filename: 'a', offset: 100 } });
    }
  });
});

describe('A file without a name', () => {
  it('is one if it has bytes', async () => {
    const headers = { 'content-range': 'bytes 0-99/100' };
    const part = filePart.replace('filename="a"', 'filename=""');
    const answer = await form('PUT', [field('filename', 'given'), part], { headers });
    expect(answer).toMatchObject({ status: 200, body: { filename: 'given', offset: 100 } });
  });
});

describe('A blank field is one that was left empty', () => {
  it.each(['', ' '])('upload_id %j begins a new upload', async (blank) => {
    const headers = { 'content-range': 'bytes 0-99/100' };
    const query = { upload_id: blank };
    expect(await ann.put('bytes 0-99/100', file, { query })).toMatchObject({ status: 200 });
    expect(await form('PUT', [field('upload_id', blank), filePart], { headers })).toMatchObject({
      status: 200,
    });
    expect(await form('PUT', [filePart, field('upload_id', blank)], { headers })).toMatchObject({
      status: 200,
    });
    expect(await ann.send('DELETE', { query })).toMatchObject({
      status: 400,
      detail: { upload_id: [expect.stringContaining('This field is required')] },
    });
  });

  it.each(['owner_type', 'owner_id'])('%s', async (name) => {
    const { id } = await ann.begin(file, 100, { query: { [name]: ' ' } });
    expect((await ann.postForm({ md5: sum, [name]: '' }, { id })).status).toBe(200);
  });

  it.each([
    { status: '' },
    { limit: '' },
    { offset: ' ' },
    { owner_type: '', owner_id: '' },
    { status: '', owner_type: '', owner_id: '', limit: '', offset: '' },
  ])('%j of the list is not asked', async (query) => {
    expect(await ann.list(query as Record<string, string>)).toEqual(await ann.list());
  });
});
