import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost, withHost } from '../support/host.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

const NOTES = {
  path: 'notes',
  minBytes: 10,
  maxBytes: 1000,
  allowedExtensions: ['txt'],
};

let host: Host;
let uploads: UploadClient;
beforeAll(async () => {
  host = await startHost({ upload: { ...NOTES, path: 'uploads', minBytes: 0 } });
  uploads = new UploadClient(`${host.url}/uploads`);
});
afterAll(() => host?.close());

/** PUT with `bytes *\/total` and no body. */
function announce(total: number | string, id?: string, query: Record<string, string> = {}) {
  const headers = { 'content-range': `bytes */${total}` };
  return uploads.send('PUT', { ...(id === undefined ? {} : { id }), headers, query });
}

describe('PUT with `Content-Range: bytes */total` and no body', () => {
  it('begins an upload before its first byte', async () => {
    const { status, upload } = await announce(300, undefined, { filename: 'a.txt' });
    expect(status).toBe(200);
    expect(upload).toMatchObject({ offset: 0, total: 300, status: 1, filename: 'a.txt' });
    expect(await uploads.list()).toContainEqual(upload);

    const bytes = sample(300);
    await uploads.put('bytes 0-99/300', bytes.subarray(0, 100), { id: upload.id });
    await uploads.put('bytes 100-299/300', bytes.subarray(100), { id: upload.id });
    expect((await uploads.complete(upload.id, md5(bytes))).status).toBe(200);
    expect((await uploads.download(upload.id)).bytes.equals(bytes)).toBe(true);
  });

  it('takes name and owner from a form as well, and an empty body of a type as none', async () => {
    const headers = { 'content-range': 'bytes */300' };
    const form = new URLSearchParams({ filename: 'b.txt' });
    const asForm = await uploads.send('PUT', { headers }, form);
    expect(asForm.upload).toMatchObject({ offset: 0, total: 300, filename: 'b.txt' });

    const type = { 'content-type': 'application/octet-stream' };
    const disposition = { 'content-disposition': 'attachment; filename="c.txt"' };
    const empty = await uploads.send('PUT', { headers: { ...headers, ...type, ...disposition } });
    expect(empty.upload).toMatchObject({ offset: 0, total: 300, filename: 'c.txt' });
  });

  it('keeps nothing in the storage until bytes come', async () => {
    const { upload } = await announce(300, undefined, { filename: 'a.txt' });
    const stored = await readdir(host.root, { recursive: true });
    expect(stored.filter((name) => name.includes(upload.id))).toEqual([]);
  });

  it('asks the rules', async () => {
    expect((await announce(2000, undefined, { filename: 'a.txt' })).detail).toBe(
      'Size of file exceeds the limit (1000 bytes)',
    );
    const refused = await announce(300, undefined, { filename: 'a.exe' });
    expect(refused.status).toBe(400);
    expect(refused.detail).toHaveProperty('file');
    expect((await announce(300)).detail).toHaveProperty('filename');
  });

  it('begins an empty file too', async () => {
    const { upload } = await announce(0, undefined, { filename: 'empty.txt' });
    expect((await uploads.complete(upload.id, md5(Buffer.alloc(0)))).status).toBe(200);
    expect((await uploads.download(upload.id)).bytes).toHaveLength(0);
  });

  it('tells where an upload goes on', async () => {
    const { id } = await uploads.begin(sample(100), 300, { filename: 'a.txt' });
    const { status, upload } = await announce(300, id);
    expect(status).toBe(200);
    expect(upload).toMatchObject({ id, offset: 100, total: 300 });
    expect((await announce(300, undefined, { upload_id: id })).upload).toEqual(upload);
  });

  it('refuses another total, and what takes no more bytes', async () => {
    const { id } = await uploads.begin(sample(100), 300, { filename: 'a.txt' });
    expect((await announce(400, id)).body).toMatchObject({
      expected_total: 300,
      provided_total: 400,
    });
    await host.uploads.abort(id);
    expect((await announce(300, id)).status).toBe(410);
    expect((await announce(300, '6f1ed002-ab5e-4d1d-a5a1-b0c9a4a0f0ff')).status).toBe(404);
    expect((await uploads.as('bob').send('PUT', announced(id))).status).toBe(404);
  });

  it.each(['9007199254740992', '-1', '3e2', '', '*'])(
    'refuses what is no size: %s',
    async (total) => {
      const { status } = await announce(total, undefined, { filename: 'a.txt' });
      expect(status).toBe(400);
    },
  );

  it('refuses bytes', async () => {
    const answer = await uploads.put('bytes */300', sample(10), { filename: 'a.txt' });
    expect(answer.detail).toMatch(/^Error in request headers/);
  });

  it('is refused by an upload of which more has come', async () => {
    const { id } = await uploads.begin(sample(10), '*', { filename: 'a.txt' });
    for (const [total, status] of [
      [9, 400],
      [10, 200],
    ]) {
      const headers = { 'content-range': `bytes */${total}` };
      expect((await uploads.send('PUT', { id, headers })).status, `${total}`).toBe(status);
    }
  });
});

function announced(id: string) {
  return { id, headers: { 'content-range': 'bytes */300' } };
}

describe('create of the service', () => {
  it('writes a row at offset 0, whose total may still be unknown', async () => {
    const upload = await host.uploads.create({ fields: { filename: 'a.txt' } });
    expect(upload).toMatchObject({ offset: 0, total: null, creator: null, attempt: 0 });
    const next = await host.uploads.append(upload.id, { offset: 0, body: Buffer.from('abc') });
    expect(next).toMatchObject({ offset: 3 });
  });

  it('leaves nothing where the upload was before it had its name', async () => {
    await withHost({}, async ({ root, uploads: own }) => {
      const { id, key } = await own.create({ total: 3, fields: { filename: '' } });
      const refused = { header: 'Content-MD5', update: () => undefined, matches: () => false };
      const body = Buffer.from('abc');
      const sent = own.append(id, { offset: 0, body, digests: [refused] });
      await expect(sent).rejects.toThrow('Content-MD5');
      const ofIt = async () => (await storedFiles(root)).filter((name) => name.includes(id));
      expect(await ofIt()).toEqual([key]);
      const named = await own.append(id, { offset: 0, body, filename: 'a.txt' });
      expect(named.key).not.toBe(key);
      expect(await ofIt()).toEqual([named.key]);
    });
  });
});
