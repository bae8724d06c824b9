import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChunkRequest, FILES, begunLast, send } from '../support/chunk-request.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { until } from '../support/waiting.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster(1);
});
afterAll(() => cluster?.stop());

describe('A chunk that lasts', () => {
  const SLOW = 40 * 1024;

  it('is committed on its way, a first one as well, and goes on', async () => {
    const { url } = cluster.at(0);
    const length = SLOW * 3;
    const request = new ChunkRequest(url, { id: null, start: 0, length, total: length });
    const bytes = randomBytes(length);
    await request.send(bytes.subarray(0, SLOW));
    let id: string | null = null;
    await until('it has a row', async () => (id = await begunLast(url)) !== null);
    await until('its first bytes are acknowledged', async () => {
      return (
        JSON.parse((await send('GET', `${url}${FILES}/${id}`)).bytes.toString()).offset === SLOW
      );
    });
    await request.send(bytes.subarray(SLOW));
    const answer = await request.finish();
    expect(JSON.parse(answer?.bytes.toString() ?? '')).toMatchObject({ id, offset: length });
    const sum = createHash('md5').update(bytes).digest('hex');
    expect((await send('POST', `${url}${FILES}/${id}?md5=${sum}`)).status).toBe(200);
    await send('DELETE', `${url}${FILES}/${id}`);
  });

  it('with a digest is refused as a whole: nothing of it is committed on its way', async () => {
    const { url } = cluster.at(0);
    const created = await send('PUT', `${url}${FILES}?filename=a`, {
      headers: { 'content-range': `bytes */${SLOW}` },
    });
    const { id } = JSON.parse(created.bytes.toString()) as { id: string };
    const headers = { 'content-md5': Buffer.alloc(16).toString('base64') };
    const chunk = { id, start: 0, length: SLOW, total: SLOW };
    const request = new ChunkRequest(url, chunk, { headers });
    await request.send(randomBytes(SLOW - 1));
    await sleep(6500);
    expect(await offsetOf(url, id)).toBe(0);
    await request.send(randomBytes(1));
    expect((await request.finish())?.status).toBe(400);
    expect(await offsetOf(url, id)).toBe(0);
  });

  it('of a caller nobody knows has no row before it is answered', async () => {
    const { url } = cluster.at(0);
    const before = await cluster.at(0).storedFiles();
    const chunk = { id: null, start: 0, length: SLOW, total: SLOW };
    const request = new ChunkRequest(url, chunk, { user: null });
    await request.send(randomBytes(SLOW - 1));
    await sleep(6500);
    request.drop();
    await until('its bytes are gone', async () => {
      return (await cluster.at(0).storedFiles()).length === before.length;
    });
  });
});

async function offsetOf(url: string, id: string): Promise<number> {
  const answer = await send('GET', `${url}${FILES}/${id}`);
  return (JSON.parse(answer.bytes.toString()) as { offset: number }).offset;
}
