import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { expectInTime } from '../support/in-time.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, sample } from '../support/upload-client.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

let host: Host;
let ann: UploadClient;
const file = sample(300);

beforeAll(async () => {
  host = await startHost({
    prepare: (app) => app.set('trust proxy', 'loopback'),
    fastify: { adapter: { trustProxy: 'loopback' } },
  });
  ann = new UploadClient(`${host.url}/uploads`);
});
afterAll(() => host.close());

describe('PUT /uploads begins an upload with its first chunk', () => {
  it('and answers 200 with the representation', async () => {
    const before = Date.now();
    const answer = await ann.put('bytes 0-99/300', file.subarray(0, 100), { filename: 'film.mp4' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const { id, created_at: createdAt, expires } = answer.upload;
    expect(id).toMatch(UUID);
    expect(createdAt).toMatch(UTC);
    expectInTime(Math.abs(Date.parse(createdAt) - before), 5000);
    expect(Date.parse(expires ?? '') - Date.parse(createdAt)).toBeCloseTo(86_400_000, -3);
    expect(answer.body).toEqual({
      id,
      url: `${ann.url}/${id}`,
      file: null,
      filename: 'film.mp4',
      offset: 100,
      total: 300,
      status: 1,
      creator: 'ann',
      owner_type: null,
      owner_id: null,
      created_at: createdAt,
      completed_at: null,
      expires,
      expires_at: expires,
    });
  });

  it('whose bytes are then in the folder of the day', async () => {
    const { id, created_at: at } = await ann.begin(file.subarray(0, 9), 300, { filename: 'a.TXT' });
    const day = at.slice(0, 10).replaceAll('-', '/');
    expect(await storedFiles(host.root)).toContain(`chunked_uploads/${day}/${id}.part.txt`);
  });

  it('of which the size may be unknown', async () => {
    const { total, offset } = await ann.begin(file.subarray(0, 100), '*');
    expect({ total, offset }).toEqual({ total: null, offset: 100 });
  });

  it('also as the only chunk: the upload stays incomplete until it is completed', async () => {
    const { offset, status } = await ann.begin(file, 300);
    expect({ offset, status }).toEqual({ offset: 300, status: 1 });
  });

  it('in a form', async () => {
    const answer = await ann.put('bytes 0-99/300', file.subarray(0, 100), { form: {} });
    expect(answer).toMatchObject({ status: 200, body: { offset: 100, filename: 'file.bin' } });
  });

  it('with a slash at the end of the path', async () => {
    const slash = new UploadClient(`${host.url}/uploads/`);
    const { id, url } = await slash.begin(file.subarray(0, 100), 300);
    expect(url).toBe(`${ann.url}/${id}`);
  });

  it('twice: there is no limit to the number of uploads, and no name collides', async () => {
    const first = await ann.begin(file.subarray(0, 100), 300);
    const second = await ann.begin(file.subarray(0, 100), 300);
    expect(second.id).not.toBe(first.id);
  });
});

describe('The next chunk', () => {
  it('goes to PUT /uploads/:id', async () => {
    const { id } = await ann.begin(file.subarray(0, 100), 300);
    const second = await ann.put('bytes 100-199/300', file.subarray(100, 200), { id });
    expect(second).toMatchObject({ status: 200, body: { id, offset: 200, total: 300, status: 1 } });
    const third = await ann.put('bytes 200-299/300', file.subarray(200), { id });
    expect(third).toMatchObject({ status: 200, body: { id, offset: 300, file: null } });
  });

  it('or to PUT /uploads with upload_id in the query', async () => {
    const { id } = await ann.begin(file.subarray(0, 100), 300);
    const query = { upload_id: id };
    const answer = await ann.put('bytes 100-199/300', file.subarray(100, 200), { query });
    expect(answer).toMatchObject({
      status: 200,
      body: { id, offset: 200, url: `${ann.url}/${id}` },
    });
  });

  it('or with upload_id as a field of the form, before the file', async () => {
    const { id } = await ann.begin(file.subarray(0, 100), 300, { form: {} });
    const form = { before: { upload_id: id } };
    const answer = await ann.put('bytes 100-199/300', file.subarray(100, 200), { form });
    expect(answer).toMatchObject({ status: 200, body: { id, offset: 200 } });
  });

  it('may come raw after one in a form, and the other way round', async () => {
    const { id } = await ann.begin(file.subarray(0, 100), 300, { form: {} });
    await ann.put('bytes 100-199/300', file.subarray(100, 200), { id });
    await ann.put('bytes 200-299/300', file.subarray(200), { id, form: {} });
    expect(await ann.offset(id)).toBe(300);
  });

  it('may be of any size', async () => {
    const { id } = await ann.begin(file.subarray(0, 1), 300);
    await ann.put('bytes 1-1/300', file.subarray(1, 2), { id });
    const answer = await ann.put('bytes 2-299/300', file.subarray(2), { id });
    expect(answer).toMatchObject({ status: 200, body: { offset: 300 } });
  });

  it('may be the first to say the total, which counts from then on', async () => {
    const { id } = await ann.begin(file.subarray(0, 100), '*');
    await ann.put('bytes 100-149/*', file.subarray(100, 150), { id });
    const told = await ann.put('bytes 150-199/300', file.subarray(150, 200), { id });
    expect(told.upload.total).toBe(300);
    const last = await ann.put('bytes 200-299/*', file.subarray(200), { id });
    expect(last).toMatchObject({ status: 200, body: { offset: 300, total: 300 } });
  });

  it('does not change the name', async () => {
    const { id } = await ann.begin(file.subarray(0, 100), 300, { filename: 'one.bin' });
    const options = { id, filename: 'two.bin' };
    const answer = await ann.put('bytes 100-199/300', file.subarray(100, 200), options);
    expect(answer.upload.filename).toBe('one.bin');
  });

  it.each([
    ['upper case', (id: string) => id.toUpperCase()],
    ['no hyphens', (id: string) => id.replaceAll('-', '')],
    ['upper case, no hyphens, a slash', (id: string) => `${id.replaceAll('-', '').toUpperCase()}/`],
  ])('finds its upload by an id in %s', async (_, spelling) => {
    const { id } = await ann.begin(file.subarray(0, 100), 300);
    const bytes = file.subarray(100, 200);
    const answer = await ann.put('bytes 100-199/300', bytes, { id: spelling(id) });
    expect(answer).toMatchObject({
      status: 200,
      body: { id, url: `${ann.url}/${id}`, offset: 200 },
    });
  });
});

describe('The URL of the representation', () => {
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'files.example.org' };

  it('is the one behind the proxy that the host trusts', async () => {
    const { id, url } = await ann.begin(file, 300, { headers: forwarded });
    expect(url).toBe(`https://files.example.org/uploads/${id}`);
  });

  it('is the one of the request where the host trusts no proxy', async () => {
    const careful = await startHost();
    try {
      const client = new UploadClient(`${careful.url}/uploads`);
      const { id, url } = await client.begin(file, 300, { headers: forwarded });
      expect(url).toBe(`${careful.url}/uploads/${id}`);
    } finally {
      await careful.close();
    }
  });
});
