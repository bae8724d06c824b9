import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { RawConnection } from '../support/raw-connection.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

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

describe('A form', () => {
  it.each(['before', 'after'] as const)('may have its fields %s the file', async (place) => {
    const form = { [place]: { filename: 'given.txt', other: 'ignored' }, filename: 'part.bin' };
    const answer = await ann.put('bytes 0-99/300', first, { form });
    expect(answer).toMatchObject({ status: 200, body: { filename: 'given.txt', offset: 100 } });
  });

  it('may repeat a field: the last one counts', async () => {
    const form = { before: { filename: 'one' }, after: { filename: 'two' } };
    const answer = await ann.put('bytes 0-99/300', first, { form });
    expect(answer.upload.filename).toBe('two');
  });

  it('may have other files, which are passed over', async () => {
    const form = new FormData();
    form.append('thumbnail', new Blob([sample(500)]), 'small.png');
    form.append('file', new Blob([first]), 'a.bin');
    form.append('another', new Blob([sample(500)]), 'b.bin');
    const headers = { 'content-range': 'bytes 0-99/300' };
    const answer = await ann.send('PUT', { headers }, form);
    expect(answer).toMatchObject({ status: 200, body: { offset: 100, filename: 'a.bin' } });
  });

  it('may not have the file twice', async () => {
    const form = new FormData();
    form.append('file', new Blob([first]), 'a.bin');
    form.append('file', new Blob([first]), 'b.bin');
    const before = await ann.list();
    const headers = { 'content-range': 'bytes 0-99/300' };
    expect(await ann.send('PUT', { headers }, form)).toMatchObject({ status: 400 });
    expect(await ann.list()).toEqual(before);
  });

  it('has upload_id before the file: after it, it is a 400 that says so', async () => {
    const { id } = await ann.begin(first, 300);
    const before = { uploads: await ann.list(), files: await storedFiles(host.root) };
    const form = { after: { upload_id: id } };
    const detail = {
      upload_id: ['This field must come before the file, or in the query string.'],
    };
    for (const range of ['bytes 100-199/300', 'bytes 0-99/300']) {
      const answer = await ann.put(range, file.subarray(100, 200), { form });
      expect(answer).toMatchObject({ status: 400, body: { detail } });
    }
    expect({ uploads: await ann.list(), files: await storedFiles(host.root) }).toEqual(before);
  });

  it('has upload_id before the file, however late the rest of it comes', async () => {
    const { id } = await ann.begin(first, 300);
    const headers = { ...multipart, 'transfer-encoding': 'chunked' };
    for (const start of [0, 100]) {
      const range = `bytes ${start}-${start + 99}/300`;
      const connection = await RawConnection.put(host.url, { ...headers, 'content-range': range });
      await connection.writePiece(Buffer.from(part));
      await connection.writePiece(file.subarray(start, start + 100));
      const field = `\r\n--b\r\nContent-Disposition: form-data; name="upload_id"\r\n\r\n${id}`;
      await connection.writePiece(Buffer.from(`${field}\r\n--b--\r\n`));
      await connection.writePiece(Buffer.alloc(0));
      const detail = { upload_id: [expect.any(String)] };
      expect(await connection.answer()).toMatchObject({ status: 400, json: { detail } });
      connection.destroy();
    }
    expect(await ann.offset(id)).toBe(100);
  });

  it.each(['/uploads?upload_id=', '/uploads/'])(
    'has upload_id before the file, also where %s names the upload',
    async (target) => {
      const { id } = await ann.begin(first, 300);
      const headers = { ...multipart, 'transfer-encoding': 'chunked' };
      const field = `\r\n--b\r\nContent-Disposition: form-data; name="upload_id"\r\n\r\n${id}`;
      const leased = 'SELECT 1 FROM chunked_upload WHERE id = $1 AND lease_until > now()';
      for (const isLate of [false, true]) {
        const range = { 'content-range': 'bytes 100-199/300' };
        const put = RawConnection.put(host.url, { ...headers, ...range }, `${target}${id}`);
        const connection = await put;
        const body = [Buffer.from(part), file.subarray(100, 200)];
        const end = Buffer.from(`${field}\r\n--b--\r\n`);
        await connection.writePiece(Buffer.concat(isLate ? body : [...body, end]));
        if (isLate) {
          const isTaken = async () => (await host.dataSource.query(leased, [id])).length > 0;
          await until('a writer', isTaken);
          await connection.writePiece(end);
        }
        await connection.writePiece(Buffer.alloc(0));
        const detail = {
          upload_id: ['This field must come before the file, or in the query string.'],
        };
        expect(await connection.answer()).toMatchObject({ status: 400, json: { detail } });
        connection.destroy();
        expect(await ann.offset(id)).toBe(100);
      }
      const next = await ann.put('bytes 100-199/300', file.subarray(100, 200), { id });
      expect(next).toMatchObject({ status: 200, body: { offset: 200 } });
    },
  );

  it('has its file in the right part, also where it might have none', async () => {
    const { id } = await ann.begin(first, 300);
    for (const target of [{}, { id }]) {
      const form = new FormData();
      form.append('video', new Blob([first]), 'a.bin');
      const before = await ann.list();
      const headers = { 'content-range': 'bytes */300' };
      expect(await ann.send('PUT', { ...target, headers }, form)).toMatchObject({
        status: 400,
        detail: expect.stringMatching(/^No chunk file was submitted: .*part "video"/),
      });
      expect(await ann.list()).toEqual(before);
    }
  });

  it('may be without a file, of either kind or JSON, as long as it completes', async () => {
    for (const type of ['urlencoded', 'json', 'multipart']) {
      const { id } = await ann.begin(file, 300);
      const form = new FormData();
      form.append('md5', sum);
      const answer =
        type === 'json'
          ? await ann.postJson({ md5: sum }, { id })
          : await ann.send(
              'POST',
              { id },
              type === 'multipart' ? form : new URLSearchParams({ md5: sum }),
            );
      expect(answer, type).toMatchObject({ status: 200, body: { status: 2 } });
    }
  });

  it.each(['null', '[]', '"text"', '5', '{"md5":{"a":1}}', '{"md5":[]}', '{"md5":null}'])(
    'in JSON that is %s has no md5',
    async (json) => {
      const { id } = await ann.begin(file, 300);
      const headers = { 'content-type': 'application/json' };
      const answer = await ann.send('POST', { id, headers }, json);
      expect(answer.status).toBe(400);
      expect((await ann.get(id)).upload.status).toBe(1);
    },
  );

  it.each([
    ['its own', [['filename', 'text/plain; charset=ISO-8859-1']], 'naïve.txt'],
    ['its own, quoted', [['filename', 'text/plain; charset="iso-8859-1"']], 'naïve.txt'],
    [
      'that of the form',
      [
        ['_charset_', ''],
        ['filename', ''],
      ],
      'naïve.txt',
    ],
    ['none', [['filename', '']], null],
    ['one that nobody knows', [['filename', 'text/plain; charset=klingon']], null],
    ['another one', [['filename', 'text/plain; charset=utf-8']], null],
  ])('has fields in Latin-1, whose charset is %s', async (_, fields, name) => {
    const values: Record<string, string> = { _charset_: 'ISO-8859-1', filename: 'na\xEFve.txt' };
    const parts = fields.map(([field = '', type]) => {
      const header = type ? `Content-Type: ${type}\r\n` : '';
      return `--b\r\nContent-Disposition: form-data; name="${field}"\r\n${header}\r\n${values[field]}\r\n`;
    });
    const body = Buffer.from(`${parts.join('')}${part}x\r\n--b--\r\n`, 'latin1');
    const headers = { ...multipart, 'content-range': 'bytes 0-0/1' };
    const answer = await ann.send('PUT', { headers }, body);
    if (name === null) {
      const detail = { filename: [expect.stringContaining('not in the charset')] };
      expect(answer).toMatchObject({ status: 400, detail });
    } else {
      expect(answer).toMatchObject({ status: 200, body: { filename: name } });
    }
  });

  it.each([
    ['UTF-8', Buffer.from('naïve.txt')],
    ['Latin-1', Buffer.from('naïve.txt', 'latin1')],
  ])('names its file in %s', async (_, name) => {
    const [before = '', after = ''] = part.split('"a"');
    const body = [Buffer.from(`${before}"`), name, Buffer.from(`"${after}x\r\n--b--\r\n`)];
    const headers = { ...multipart, 'content-range': 'bytes 0-0/1' };
    const answer = await ann.send('PUT', { headers }, Buffer.concat(body));
    expect(answer).toMatchObject({ status: 200, body: { filename: 'naïve.txt' } });
  });

  it('without a file has a charset as well', async () => {
    const type = 'application/x-www-form-urlencoded';
    const range = { 'content-range': 'bytes */10' };
    // Express' parser takes no other charset but this one; without it we read the form.
    const own = await startHost({ platform: 'express', nest: { bodyParser: false } });
    try {
      const client = new UploadClient(`${own.url}/uploads`);
      for (const [charset, form] of [
        ['; charset=ISO-8859-1', 'filename=na%EFve.txt'],
        ['', '_charset_=ISO-8859-1&filename=na%EFve.txt'],
        ['', 'filename=na%C3%AFve.txt'],
      ]) {
        const headers = { ...range, 'content-type': `${type}${charset}` };
        const answer = await client.send('PUT', { headers }, form ?? null);
        expect(answer).toMatchObject({ status: 200, body: { filename: 'naïve.txt' } });
      }
      const headers = { ...range, 'content-type': type };
      const wrong = await client.send('PUT', { headers }, 'filename=na%EFve.txt');
      expect(wrong).toMatchObject({ status: 400, detail: { filename: [expect.any(String)] } });
      const json = { ...range, 'content-type': 'application/json' };
      const latin1 = Buffer.from('{"filename":"naïve.txt"}', 'latin1');
      const broken = await client.send('PUT', { headers: json }, latin1);
      expect(broken).toMatchObject({ status: 400, detail: 'The body is not valid JSON' });
    } finally {
      await own.close();
    }
  });

  it('may have blanks behind its boundaries, a preamble and an epilogue', async () => {
    const headers = { ...multipart, 'content-range': 'bytes 0-99/300' };
    const form = `Hello.\r\n${part.replace('--b', '--b \t')}${'x'.repeat(100)}\r\n--b-- \r\nBye.`;
    expect(await ann.send('PUT', { headers }, form)).toMatchObject({ status: 200 });
  });

  it('that is not well-formed is a 400 and leaves nothing', async () => {
    const { id } = await ann.begin(first, 300);
    const wrong = [
      ['multipart/form-data', `${part}${'x'.repeat(100)}\r\n--b--\r\n`],
      ['multipart/form-data; boundary=b', `${part}${'x'.repeat(100)}`],
      ['multipart/form-data; boundary=b', `${part}${'x'.repeat(100)}\r\n--b`],
      ['multipart/form-data; boundary=b', `${part}${'x'.repeat(100)}\r\n--other--\r\n`],
      ['multipart/form-data; boundary=b', 'no form at all'],
      ['multipart/form-data; boundary=b', '--b\r\n'],
      ['multipart/form-data; boundary=b', ''],
    ] as const;
    const before = { uploads: await ann.list(), files: await storedFiles(host.root) };
    for (const [type, text] of wrong) {
      for (const target of [{}, { id }]) {
        const start = 'id' in target ? 100 : 0;
        const headers = {
          'content-type': type,
          'content-range': `bytes ${start}-${start + 99}/300`,
        };
        const answer = await ann.send('PUT', { ...target, headers }, text);
        expect(answer.status, `${type} ${text}`).toBe(400);
        expect(answer.detail).toEqual(expect.any(String));
      }
    }
    expect({ uploads: await ann.list(), files: await storedFiles(host.root) }).toEqual(before);
    expect(await ann.offset(id)).toBe(100);
  });
});
