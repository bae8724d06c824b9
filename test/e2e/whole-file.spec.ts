import { afterEach, afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { storedFiles } from '../support/stored-files.js';
import { until } from '../support/waiting.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { RawConnection } from '../support/raw-connection.js';

let host: Host;
let ann: UploadClient;
const file = sample(3000);
const sum = md5(file);

beforeAll(async () => {
  host = await startHost({ upload: { maxBytes: 5000 } });
  ann = new UploadClient(`${host.url}/uploads`);
});
afterEach(async () => {
  for (const { id } of await host.uploads.find()) await host.uploads.remove(id);
});
afterAll(() => host.close());

async function expectNothingLeft(): Promise<void> {
  expect(await host.uploads.find()).toEqual([]);
  expect(await storedFiles(host.root)).toEqual([]);
}

describe('POST /uploads with a file and its md5 takes a whole file', () => {
  it('raw, with the sum in the query', async () => {
    const answer = await ann.whole(file, { filename: 'film.mp4', query: { md5: sum } });
    expect(answer.status).toBe(200);
    const { id } = answer.upload;
    expect(answer.body).toMatchObject({
      url: `${ann.url}/${id}`,
      file: `${ann.url}/${id}/file`,
      filename: 'film.mp4',
      offset: 3000,
      total: 3000,
      status: 2,
      creator: 'ann',
      expires: null,
    });
    expect((await ann.get(id)).body).toEqual(answer.body);
    expect((await ann.download(id)).bytes).toEqual(file);
    expect(await storedFiles(host.root)).toEqual([
      expect.stringMatching(new RegExp(`/${id}\\.done\\.mp4$`)),
    ]);
  });

  it.each(['before', 'after'] as const)('in a form, with the sum %s the file', async (place) => {
    const answer = await ann.whole(file, { form: { [place]: { md5: sum } } });
    expect(answer).toMatchObject({ status: 200, body: { status: 2, offset: 3000, total: 3000 } });
  });

  it.each(['bytes 0-9/300', 'bytes 5-2/1', 'nonsense'])(
    'and ignores the Content-Range %j',
    async (range) => {
      const options = { query: { md5: sum }, headers: { 'content-range': range } };
      expect(await ann.whole(file, options)).toMatchObject({ status: 200, body: { offset: 3000 } });
    },
  );

  it('of zero bytes', async () => {
    const nothing = Buffer.alloc(0);
    for (const options of [
      { query: { md5: md5(nothing) } },
      { form: { after: { md5: md5(nothing) } } },
    ]) {
      const answer = await ann.whole(nothing, options);
      expect(answer).toMatchObject({ status: 200, body: { status: 2, offset: 0, total: 0 } });
      const { status, bytes } = await ann.download(answer.upload.id);
      expect({ status, bytes }).toEqual({ status: 200, bytes: nothing });
    }
  });

  it('of unknown length', async () => {
    const connection = await RawConnection.open(host.url);
    await connection.head('POST', `/uploads?filename=a&md5=${sum}`, {
      'content-type': 'application/octet-stream',
      'transfer-encoding': 'chunked',
    });
    await connection.writePiece(file.subarray(0, 1000));
    await connection.writePiece(file.subarray(1000));
    await connection.writePiece(Buffer.alloc(0));
    const { status, json } = await connection.answer();
    expect({ status, json }).toMatchObject({ status: 200, json: { total: 3000, status: 2 } });
    connection.destroy();
  });

  it('and completes it again like any other', async () => {
    const { upload } = await ann.whole(file, { query: { md5: sum } });
    expect(await ann.complete(upload.id, sum)).toMatchObject({ status: 200, body: upload });
  });
});

describe('A whole file that is refused leaves neither a record nor bytes', () => {
  it('for a wrong sum', async () => {
    const md5sum = md5(Buffer.from('other'));
    for (const options of [{ query: { md5: md5sum } }, { form: { after: { md5: md5sum } } }]) {
      const answer = await ann.whole(file, options);
      expect(answer).toMatchObject({
        status: 400,
        body: { detail: 'md5 checksum does not match' },
      });
    }
    await expectNothingLeft();
  });

  it('for no sum', async () => {
    for (const options of [{}, { form: {} }]) {
      const answer = await ann.whole(file, options);
      expect(answer).toMatchObject({
        status: 400,
        body: { detail: expect.stringMatching(/^Both 'id' and 'md5' are required/) },
      });
    }
    await expectNothingLeft();
  });

  it('for its size, announced or not', async () => {
    const detail = 'Size of file exceeds the limit (5000 bytes)';
    const large = sample(6000);
    expect((await ann.whole(large, { query: { md5: md5(large) } })).detail).toBe(detail);
    expect((await ann.whole(large, { form: { before: { md5: md5(large) } } })).detail).toBe(detail);
    await expectNothingLeft();
  });

  it('for a name that comes after it', async () => {
    const form = { before: { md5: sum }, after: { filename: '\0' } };
    const answer = await ann.whole(file, { form });
    expect(answer).toMatchObject({
      status: 400,
      body: { detail: { filename: [expect.any(String)] } },
    });
    await expectNothingLeft();
  });

  it('for a connection that breaks', async () => {
    const connection = await RawConnection.open(host.url);
    await connection.head('POST', `/uploads?filename=a&md5=${sum}`, {
      'x-user': 'ann',
      'content-type': 'application/octet-stream',
      'content-length': 3000,
    });
    await connection.write(file.subarray(0, 2000));
    await until('a file', async () => (await storedFiles(host.root)).length > 0);
    connection.destroy();
    await until('no file', async () => (await storedFiles(host.root)).length === 0);
    await expectNothingLeft();
  });

  it('for an upload_id beside it', async () => {
    const { id } = await ann.begin(file, 3000);
    const query = { upload_id: id, md5: sum };
    expect((await ann.whole(file, { query })).status).toBe(400);
    expect((await ann.whole(file, { form: { after: query } })).status).toBe(400);
    expect(await storedFiles(host.root)).toHaveLength(1);
    expect(await ann.get(id)).toMatchObject({ status: 200, body: { status: 1, offset: 3000 } });
  });
});
