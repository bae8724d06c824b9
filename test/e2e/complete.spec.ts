import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AbstractChunkedUpload } from 'nestjs-chunked-upload';
import { Entity } from 'typeorm';
import { type Host, startHost } from '../support/host.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

@Entity()
class Hashed extends AbstractChunkedUpload {}

@Entity()
class Unchecked extends AbstractChunkedUpload {}

let host: Host;
let ann: UploadClient;
let hashed: UploadClient;
let unchecked: UploadClient;
const file = sample(300);
const sum = md5(file);

beforeAll(async () => {
  host = await startHost({
    types: [
      { path: 'hashed', entity: Hashed, checksum: 'sha256' },
      { path: 'unchecked', entity: Unchecked, checksum: false },
    ],
  });
  ann = new UploadClient(`${host.url}/uploads`);
  hashed = new UploadClient(`${host.url}/hashed`);
  unchecked = new UploadClient(`${host.url}/unchecked`);
});
afterAll(() => host.close());

describe('POST /uploads/:id with md5 completes an upload', () => {
  it('and answers 200 with the representation, now with the file', async () => {
    const { id } = await ann.begin(file, 300);
    const answer = await ann.complete(id, sum);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      id,
      url: `${ann.url}/${id}`,
      file: `${ann.url}/${id}/file`,
      offset: 300,
      total: 300,
      status: 2,
      expires: null,
      expires_at: null,
    });
    expect(answer.upload.completed_at).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(answer.body).toEqual((await ann.get(id)).body);
  });

  it('of many chunks', async () => {
    const { id } = await ann.begin(file.subarray(0, 100), 300);
    await ann.put('bytes 100-199/300', file.subarray(100, 200), { id });
    await ann.put('bytes 200-299/300', file.subarray(200), { id });
    expect((await ann.complete(id, sum)).upload.status).toBe(2);
    expect((await ann.download(id)).bytes).toEqual(file);
  });

  it('and gives the stored file its other name', async () => {
    const { id } = await ann.begin(file, 300, { filename: 'film.mp4' });
    await ann.complete(id, sum);
    const names = (await storedFiles(host.root)).filter((name) => name.includes(id));
    expect(names).toEqual([expect.stringMatching(new RegExp(`/${id}\\.done\\.mp4$`))]);
  });

  it.each([
    ['in upper case', (text: string) => text.toUpperCase()],
    ['with blanks around it', (text: string) => `  ${text}\n`],
  ])('by a sum %s', async (_, spelling) => {
    const { id } = await ann.begin(file, 300);
    expect((await ann.complete(id, spelling(sum))).status).toBe(200);
  });

  it('by a sum in JSON, in a form of either kind, or in the query', async () => {
    const ways = [
      (id: string) => ann.postJson({ md5: sum }, { id }),
      (id: string) => ann.send('POST', { id }, new URLSearchParams({ md5: sum })),
      (id: string) => ann.send('POST', { id }, multipart({ md5: sum })),
      (id: string) => ann.send('POST', { id, query: { md5: sum } }),
      (id: string) => ann.send('POST', { id: `${id}/`, query: { md5: sum } }),
    ];
    for (const complete of ways) {
      const { id } = await ann.begin(file, 300);
      expect(await complete(id)).toMatchObject({ status: 200, body: { id, status: 2 } });
    }
  });

  it('again with the same answer, and with no other sum', async () => {
    const { id } = await ann.begin(file, 300);
    const first = await ann.complete(id, sum);
    const second = await ann.complete(id, sum.toUpperCase());
    expect(second).toMatchObject({ status: 200, body: first.body });
    const other = await ann.complete(id, md5(Buffer.from('other')));
    expect(other).toMatchObject({ status: 400, body: { detail: 'md5 checksum does not match' } });
  });

  it('only with the right sum, and with that one also after a wrong one', async () => {
    const { id } = await ann.begin(file, 300);
    const wrong = await ann.complete(id, md5(Buffer.from('other')));
    expect(wrong).toMatchObject({ status: 400, body: { detail: 'md5 checksum does not match' } });
    expect((await ann.get(id)).upload).toMatchObject({ status: 1, offset: 300, file: null });
    expect((await ann.complete(id, sum)).upload.status).toBe(2);
  });
});

describe('POST /uploads with upload_id and md5 does the same', () => {
  it('in a form of any kind, or in the query', async () => {
    const ways = [
      (id: string) => ann.postForm({ upload_id: id, md5: sum }),
      (id: string) => ann.postForm({ upload_id: id.replaceAll('-', '').toUpperCase(), md5: sum }),
      (id: string) => ann.postJson({ upload_id: id, md5: sum }),
      (id: string) => ann.send('POST', {}, multipart({ upload_id: id, md5: sum })),
      (id: string) => ann.send('POST', { query: { upload_id: id, md5: sum } }),
    ];
    for (const complete of ways) {
      const { id } = await ann.begin(file, 300);
      const answer = await complete(id);
      expect(answer).toMatchObject({
        status: 200,
        body: { id, status: 2, url: `${ann.url}/${id}` },
      });
    }
  });
});

describe('An upload of unknown total', () => {
  it('takes it from the completing POST', async () => {
    const { id } = await ann.begin(file, '*');
    const answer = await ann.postForm({ md5: sum, total: '300' }, { id });
    expect(answer).toMatchObject({ status: 200, body: { total: 300, status: 2 } });
  });

  it('is as long as its offset where the POST says none: the sum vouches for it', async () => {
    const { id } = await ann.begin(file, '*');
    const answer = await ann.complete(id, sum);
    expect(answer).toMatchObject({ status: 200, body: { total: 300, status: 2 } });
  });

  it('is not complete where the POST says more', async () => {
    const { id } = await ann.begin(file, '*');
    const answer = await ann.postForm({ md5: sum, total: '400' }, { id });
    expect(answer).toMatchObject({ status: 400, body: { offset: 300, total: 400 } });
    // What a refused request said does not count.
    expect((await ann.get(id)).upload.total).toBeNull();
  });

  it('is not complete where the POST says less', async () => {
    const { id } = await ann.begin(file, '*');
    expect((await ann.postForm({ md5: sum, total: '200' }, { id })).status).toBe(400);
    expect((await ann.get(id)).upload).toMatchObject({ status: 1, total: null });
  });

  it.each(['-1', '1e3', 'abc', '', '9007199254740992', '1'.repeat(5000)])(
    'is refused a total of %j',
    async (total) => {
      const { id } = await ann.begin(file, '*');
      const answer = await ann.postForm({ md5: sum, total }, { id });
      expect(answer).toMatchObject({
        status: 400,
        body: { detail: { total: [expect.any(String)] } },
      });
    },
  );
});

describe('With another checksum', () => {
  const sha256 = createHash('sha256').update(file).digest('hex');

  it('field and sentences bear its name', async () => {
    const { id } = await hashed.begin(file, 300);
    const missing = await hashed.postForm({ md5: sum }, { id });
    expect(missing.detail).toMatch(/^Both 'id' and 'sha256' are required/);
    const wrong = await hashed.postForm({ sha256: 'f'.repeat(64) }, { id });
    expect(wrong.detail).toBe('sha256 checksum does not match');
    const right = await hashed.postForm({ sha256 }, { id });
    expect(right).toMatchObject({ status: 200, body: { status: 2 } });
  });

  it('the sum goes on over chunks', async () => {
    const { id } = await hashed.begin(file.subarray(0, 77), 300);
    await hashed.put('bytes 77-299/300', file.subarray(77), { id });
    expect((await hashed.postForm({ sha256 }, { id })).status).toBe(200);
  });
});

describe('Without a checksum', () => {
  it('no sum is asked for', async () => {
    const { id } = await unchecked.begin(file, 300);
    expect(await unchecked.send('POST', { id })).toMatchObject({
      status: 200,
      body: { status: 2 },
    });
    expect(await unchecked.send('POST', { id })).toMatchObject({
      status: 200,
      body: { status: 2 },
    });
  });

  it('nothing is complete before all bytes are there', async () => {
    const { id } = await unchecked.begin(file.subarray(0, 100), 300);
    expect((await unchecked.send('POST', { id })).status).toBe(400);
  });

  it('the completing POST must say a total that nobody has said', async () => {
    const { id } = await unchecked.begin(file, '*');
    const silent = await unchecked.send('POST', { id });
    expect(silent).toMatchObject({
      status: 400,
      body: { detail: { total: [expect.any(String)] } },
    });
    const answer = await unchecked.postForm({ total: '300' }, { id });
    expect(answer).toMatchObject({ status: 200, body: { status: 2, total: 300 } });
  });
});

function multipart(fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}
