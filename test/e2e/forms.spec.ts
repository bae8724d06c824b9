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

  it.each([
    'null',
    '[]',
    '"text"',
    '5',
    '{"md5":{"a":1}}',
    '{"md5":[]}',
    '{"md5":null}',
    '{"md5":true}',
  ])('in JSON that is %s has no md5', async (json) => {
    const { id } = await ann.begin(file, 300);
    const headers = { 'content-type': 'application/json' };
    const answer = await ann.send('POST', { id, headers }, json);
    expect(answer.status).toBe(400);
    expect((await ann.get(id)).upload.status).toBe(1);
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
