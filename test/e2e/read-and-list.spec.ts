import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

let host: Host;
let ann: UploadClient;
const file = sample(300);

beforeAll(async () => {
  host = await startHost();
  ann = new UploadClient(`${host.url}/uploads`);
});
afterAll(() => host.close());

describe('GET /uploads/:id', () => {
  it('answers the same representation as the chunk before, and is never cached', async () => {
    const begun = await ann.begin(file.subarray(0, 100), 300);
    const answer = await ann.get(begun.id);
    expect(answer).toMatchObject({ status: 200, body: begun });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('upload-offset')).toBeNull();
  });

  it.each([
    ['upper case', (id: string) => id.toUpperCase()],
    ['no hyphens', (id: string) => id.replaceAll('-', '')],
    ['a slash at the end', (id: string) => `${id}/`],
  ])('finds an id in %s', async (_, spelling) => {
    const begun = await ann.begin(file, 300);
    expect((await ann.get(spelling(begun.id))).body).toEqual(begun);
  });
});

describe('HEAD /uploads/:id tells a client that resumes where to go on', () => {
  it('by Upload-Offset and Upload-Length', async () => {
    const { id } = await ann.begin(file.subarray(0, 100), 300);
    const { status, headers, body } = await ann.head(id);
    expect({ status, body }).toEqual({ status: 200, body: '' });
    expect(headers.get('upload-offset')).toBe('100');
    expect(headers.get('upload-length')).toBe('300');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('without Upload-Length while the total is unknown', async () => {
    const { id } = await ann.begin(file.subarray(0, 100), '*');
    const { status, headers } = await ann.head(id);
    expect(status).toBe(200);
    expect(headers.get('upload-offset')).toBe('100');
    expect(headers.has('upload-length')).toBe(false);
  });

  it('also of a complete upload', async () => {
    const { id } = await ann.file(file);
    expect((await ann.head(id)).headers.get('upload-offset')).toBe('300');
  });

  it('and is 404 for an id that is none', async () => {
    expect((await ann.head('none')).status).toBe(404);
  });
});

describe('GET /uploads lists the uploads of the caller', () => {
  let eve: UploadClient;
  let ids: string[];
  let callers = 0;

  // Each test has a caller of its own, with three uploads, of which the second is complete.
  beforeEach(async () => {
    callers += 1;
    eve = ann.as(`eve-${callers}`);
    const first = await eve.begin(file.subarray(0, 100), 300);
    const second = await eve.file(file);
    const third = await eve.begin(file.subarray(0, 200), 300);
    ids = [first, second, third].map(({ id }) => id);
  });

  it('as a bare array, oldest first, each as GET shows it', async () => {
    const answer = await eve.send('GET', {});
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('link')).toBeNull();
    const each = await Promise.all(ids.map(async (id) => (await eve.get(id)).body));
    expect(answer.body).toEqual(each);
  });

  it('with a slash at the end of the path', async () => {
    const slash = new UploadClient(`${eve.url}/`, eve.user);
    expect(await slash.list()).toEqual(await eve.list());
  });

  it('by status', async () => {
    expect((await eve.list({ status: '1' })).map(({ id }) => id)).toEqual([ids[0], ids[2]]);
    expect((await eve.list({ status: '2' })).map(({ id }) => id)).toEqual([ids[1]]);
    expect(await eve.list({ status: '3' })).toEqual([]);
  });

  it('with those aborted', async () => {
    await host.uploads.abort(ids[0] ?? '');
    expect((await eve.list({ status: '3' })).map(({ id }) => id)).toEqual([ids[0]]);
  });

  it('by owner, of which there are none yet', async () => {
    expect(await eve.list({ owner_type: 'person', owner_id: '1' })).toEqual([]);
  });

  it('by owner, where the application has given them one', async () => {
    await host.dataSource.query(
      `UPDATE chunked_upload SET owner_type = 'person', owner_id = '7' WHERE id = $1`,
      [ids[1]],
    );
    const owned = await eve.list({ owner_type: 'person', owner_id: '7' });
    expect(owned).toMatchObject([{ id: ids[1], owner_type: 'person', owner_id: '7' }]);
    expect(await eve.list({ owner_type: 'person', owner_id: '8' })).toEqual([]);
  });

  it('page by page, with a Link to the next one', async () => {
    const seen: string[] = [];
    let url: string | null = `${eve.url}?limit=2`;
    for (let pages = 1; url; pages += 1) {
      const response: Response = await fetch(url, { headers: { 'x-user': eve.user ?? '' } });
      const page = (await response.json()) as { id: string }[];
      seen.push(...page.map(({ id }) => id));
      expect(page).toHaveLength(pages === 1 ? 2 : 1);
      url = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1] ?? null;
      expect(url === null).toBe(pages === 2);
    }
    expect(seen).toEqual(ids);
  });

  it('from an offset on', async () => {
    expect((await eve.list({ offset: '1' })).map(({ id }) => id)).toEqual(ids.slice(1));
    expect((await eve.list({ limit: '1', offset: '1' })).map(({ id }) => id)).toEqual([ids[1]]);
    expect(await eve.list({ offset: '3' })).toEqual([]);
  });

  it('keeps the other conditions in the Link', async () => {
    const answer = await eve.send('GET', { query: { status: '1', limit: '1' } });
    expect(answer.headers.get('link')).toBe(`<${eve.url}?status=1&limit=1&offset=1>; rel="next"`);
  });

  it.each([
    ['status', '0'],
    ['status', '4'],
    ['status', 'complete'],
    ['limit', '0'],
    ['limit', '-1'],
    ['limit', '1e3'],
    ['limit', '9'.repeat(5000)],
    ['offset', '-1'],
    ['owner_id', '\0'],
  ])('and refuses %s=%j by a sentence at its name', async (name, value) => {
    const answer = await eve.send('GET', { query: { [name]: value } });
    expect(answer).toMatchObject({
      status: 400,
      body: { detail: { [name]: [expect.any(String)] } },
    });
  });
});

describe('GET /uploads of very many', () => {
  it('shows at most 1,000 at once, whatever limit says, with a Link to the rest', async () => {
    const { id } = await ann.as('zoe').begin(file, 300);
    const columns = 'filename, key, final_key, "offset", total, status, creator, created_at';
    await host.dataSource.query(
      `INSERT INTO chunked_upload (id, ${columns})
       SELECT gen_random_uuid(), ${columns} FROM chunked_upload, generate_series(1, 1001) WHERE id = $1`,
      [id],
    );
    const zoe = ann.as('zoe');
    const answer = await zoe.send('GET', { query: { limit: '5000' } });
    expect(answer.body).toHaveLength(1000);
    expect(answer.headers.get('link')).toBe(`<${zoe.url}?limit=1000&offset=1000>; rel="next"`);
    expect(await zoe.list({ limit: '1000', offset: '1000' })).toHaveLength(2);
    expect(await zoe.list()).toHaveLength(1000);
  });
});

describe('Reading changes nothing', () => {
  it('neither the offset, nor the expiry, nor what can be completed', async () => {
    const begun = await ann.begin(file, 300);
    await ann.get(begun.id);
    await ann.head(begun.id);
    await ann.list();
    expect((await ann.get(begun.id)).body).toEqual(begun);
    expect((await ann.complete(begun.id, md5(file))).status).toBe(200);
  });
});
