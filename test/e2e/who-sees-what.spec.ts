import { AbstractChunkedUpload } from 'nestjs-chunked-upload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Entity } from 'typeorm';
import { type Host, startHost } from '../support/host.js';
import { RawConnection } from '../support/raw-connection.js';
import { type Answer, UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

@Entity()
class Shared extends AbstractChunkedUpload {}

let host: Host;
let ann: UploadClient;
let bob: UploadClient;
let nobody: UploadClient;
const file = sample(300);
const sum = md5(file);
const next = file.subarray(100);

beforeAll(async () => {
  host = await startHost({ types: [{ path: 'shared', entity: Shared, userRestricted: false }] });
  ann = new UploadClient(`${host.url}/uploads`, 'ann');
  bob = ann.as('bob');
  nobody = ann.as(null);
});
afterAll(() => host.close());

/** Everything that a caller can ask about one upload. */
const REQUESTS: [string, (caller: UploadClient, id: string) => Promise<Answer>][] = [
  ['GET', (caller, id) => caller.get(id)],
  ['HEAD', (caller, id) => caller.head(id)],
  ['PUT', (caller, id) => caller.put('bytes 100-299/300', next, { id })],
  ['PUT in a form', (caller, id) => caller.put('bytes 100-299/300', next, { id, form: {} })],
  [
    'PUT with upload_id',
    (caller, id) => caller.put('bytes 100-299/300', next, { query: { upload_id: id } }),
  ],
  ['POST', (caller, id) => caller.complete(id, sum)],
  ['POST with upload_id', (caller, id) => caller.postForm({ upload_id: id, md5: sum })],
  ['GET file', (caller, id) => caller.send('GET', { id: `${id}/file` })],
  ['HEAD file', (caller, id) => caller.send('HEAD', { id: `${id}/file` })],
  ['DELETE', (caller, id) => caller.delete(id)],
  ['DELETE with upload_id', (caller, id) => caller.send('DELETE', { query: { upload_id: id } })],
];

const STATES: [string, () => Promise<string>][] = [
  ['live', async () => (await ann.begin(file.subarray(0, 100), 300)).id],
  ['complete', async () => (await ann.file(file)).id],
  [
    'expired',
    async () => {
      const { id } = await ann.begin(file.subarray(0, 100), 300);
      await host.dataSource.query('UPDATE chunked_upload SET expires_at = now() WHERE id = $1', [
        id,
      ]);
      return id;
    },
  ],
  [
    'aborted',
    async () => {
      const { id } = await ann.begin(file.subarray(0, 100), 300);
      await host.uploads.abort(id);
      return id;
    },
  ],
];

describe.each(STATES)('An upload that is %s', (_, make) => {
  it.each(REQUESTS)('is 404 to %s of anybody but its creator', async (verb, request) => {
    const id = await make();
    const before = await ann.get(id);
    for (const caller of [bob, nobody]) {
      const answer = await request(caller, id);
      expect(answer.status, String(caller.user)).toBe(404);
      if (!verb.startsWith('HEAD')) expect(answer.body).toEqual({ detail: 'Not found.' });
    }
    expect((await ann.get(id)).body).toEqual(before.body);
  });

  it('is seen by its creator, and in no list but theirs', async () => {
    const id = await make();
    expect((await ann.get(id)).status).toBe(200);
    expect((await ann.list()).map((upload) => upload.id)).toContain(id);
    expect((await bob.list()).map((upload) => upload.id)).not.toContain(id);
    expect((await nobody.list()).map((upload) => upload.id)).not.toContain(id);
  });
});

describe('An upload that an anonymous caller began', () => {
  it('can be continued, completed, read and removed by whoever knows its id', async () => {
    const { id, creator } = await nobody.begin(file.subarray(0, 100), 300);
    expect(creator).toBeNull();
    expect((await nobody.head(id)).headers.get('upload-offset')).toBe('100');
    expect((await nobody.put('bytes 100-299/300', next, { id })).status).toBe(200);
    expect((await nobody.complete(id, sum)).status).toBe(200);
    expect((await nobody.download(id)).bytes).toEqual(file);
    expect((await nobody.delete(id)).status).toBe(204);
  });

  it('is in no list', async () => {
    const { id } = await nobody.begin(file, 300);
    expect(await nobody.list()).toEqual([]);
    expect((await ann.list()).map((upload) => upload.id)).not.toContain(id);
  });

  it.each(REQUESTS)('is 404 to %s of a caller with a name', async (_, request) => {
    const { id } = await nobody.begin(file.subarray(0, 100), 300);
    expect((await request(bob, id)).status).toBe(404);
    expect((await nobody.get(id)).status).toBe(200);
  });
});

describe("A stranger's request", () => {
  it('does not end a writer, silent as it may be', async () => {
    const { id } = await ann.begin(file.subarray(0, 100), 300);
    const writer = await RawConnection.open(host.url);
    await writer.head('PUT', `/uploads/${id}`, {
      'x-user': 'ann',
      'content-type': 'application/octet-stream',
      'content-range': 'bytes 100-299/300',
      'content-length': 200,
    });
    const leased = 'SELECT 1 FROM chunked_upload WHERE id = $1 AND lease_until > now()';
    await until('a writer', async () => (await host.dataSource.query(leased, [id])).length > 0);
    for (const [, request] of REQUESTS) expect((await request(bob, id)).status).toBe(404);
    await writer.write(next);
    expect(await writer.answer()).toMatchObject({ status: 200, json: { offset: 300 } });
    writer.destroy();
  });
});

describe('With userRestricted: false', () => {
  it('everybody sees, continues, completes and removes all', async () => {
    const creator = new UploadClient(`${host.url}/shared`, 'ann');
    for (const caller of [creator.as('bob'), creator.as(null)]) {
      const { id } = await creator.begin(file.subarray(0, 100), 300);
      expect((await caller.list()).map((upload) => upload.id)).toContain(id);
      expect((await caller.get(id)).upload.creator).toBe('ann');
      const answer = await caller.put('bytes 100-299/300', next, { id });
      expect(answer).toMatchObject({ status: 200, body: { creator: 'ann', offset: 300 } });
      expect((await caller.complete(id, sum)).status).toBe(200);
      expect((await caller.download(id)).bytes).toEqual(file);
      expect((await caller.delete(id)).status).toBe(204);
      expect((await creator.get(id)).status).toBe(404);
    }
  });

  it('an anonymous upload is in the list too', async () => {
    const shared = new UploadClient(`${host.url}/shared`, null);
    const { id } = await shared.begin(file, 300);
    expect((await shared.list()).map((upload) => upload.id)).toContain(id);
    expect((await shared.as('bob').list()).map((upload) => upload.id)).toContain(id);
  });
});
