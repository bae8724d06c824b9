import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { RawConnection } from '../support/raw-connection.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

let host: Host;
let ann: UploadClient;
const file = sample(300);

beforeAll(async () => {
  host = await startHost();
  ann = new UploadClient(`${host.url}/uploads`);
});
afterAll(() => host.close());

async function expectGone(id: string): Promise<void> {
  expect(await ann.get(id)).toMatchObject({ status: 404, body: { detail: 'Not found.' } });
  expect((await storedFiles(host.root)).filter((name) => name.includes(id))).toEqual([]);
}

describe('DELETE /uploads/:id removes record and bytes', () => {
  it('of an unfinished upload', async () => {
    const { id } = await ann.begin(file.subarray(0, 100), 300);
    expect(await ann.delete(id)).toMatchObject({ status: 204, body: '' });
    await expectGone(id);
  });

  it('of a complete one', async () => {
    const { id } = await ann.file(file);
    expect((await ann.delete(id)).status).toBe(204);
    await expectGone(id);
  });

  it('of an aborted one', async () => {
    const { id } = await ann.begin(file, 300);
    await host.uploads.abort(id);
    expect((await ann.delete(id)).status).toBe(204);
    await expectGone(id);
  });

  it('of an expired one', async () => {
    const { id } = await ann.begin(file, 300);
    await host.dataSource.query('UPDATE chunked_upload SET expires_at = now() WHERE id = $1', [id]);
    expect((await ann.delete(id)).status).toBe(204);
    await expectGone(id);
  });

  it('by an id in any spelling', async () => {
    const { id } = await ann.begin(file, 300);
    expect((await ann.delete(`${id.replaceAll('-', '').toUpperCase()}/`)).status).toBe(204);
    await expectGone(id);
  });

  it('once: after that it is 404, like an id that never was', async () => {
    const { id } = await ann.begin(file, 300);
    await ann.delete(id);
    expect(await ann.delete(id)).toMatchObject({ status: 404, body: { detail: 'Not found.' } });
    expect((await ann.delete('none')).status).toBe(404);
  });

  it('and ends the request that is writing: that one is answered 404', async () => {
    const { id } = await ann.begin(file.subarray(0, 100), 300);
    const writer = await RawConnection.open(host.url);
    await writer.head('PUT', `/uploads/${id}`, {
      'x-user': 'ann',
      'content-type': 'application/octet-stream',
      'content-range': 'bytes 100-299/300',
      'content-length': 200,
    });
    await writer.write(file.subarray(100, 200));
    const leased = 'SELECT 1 FROM chunked_upload WHERE id = $1 AND lease_until > now()';
    await until('a writer', async () => (await host.dataSource.query(leased, [id])).length === 1);
    expect((await ann.delete(id)).status).toBe(204);
    expect(await writer.answer()).toMatchObject({ status: 404, json: { detail: 'Not found.' } });
    writer.destroy();
    await expectGone(id);
  });

  it('without a trace for a client that goes on', async () => {
    const { id } = await ann.begin(file.subarray(0, 100), 300);
    await ann.delete(id);
    const answer = await ann.put('bytes 100-299/300', file.subarray(100), { id });
    expect(answer).toMatchObject({ status: 404, body: { detail: 'Not found.' } });
  });
});

describe('DELETE /uploads with upload_id does the same', () => {
  it.each([
    ['in the query', (id: string) => ann.send('DELETE', { query: { upload_id: id } })],
    ['in a form', (id: string) => ann.send('DELETE', {}, new URLSearchParams({ upload_id: id }))],
    [
      'in JSON',
      (id: string) => {
        const headers = { 'content-type': 'application/json' };
        return ann.send('DELETE', { headers }, JSON.stringify({ upload_id: id }));
      },
    ],
  ])('%s', async (_, remove) => {
    const { id } = await ann.begin(file, 300);
    expect((await remove(id)).status).toBe(204);
    await expectGone(id);
  });

  it('and says what is missing without it', async () => {
    const { id } = await ann.begin(file, 300);
    const answer = await ann.send('DELETE', {});
    expect(answer).toMatchObject({
      status: 400,
      body: { detail: { upload_id: [expect.any(String)] } },
    });
    expect((await ann.get(id)).status).toBe(200);
  });

  it.each(['none', '\0', '1'.repeat(5000)])('is 404 for %j', async (id) => {
    const answer = await ann.send('DELETE', { query: { upload_id: id } });
    expect(answer).toMatchObject({ status: 404, body: { detail: 'Not found.' } });
  });
});
