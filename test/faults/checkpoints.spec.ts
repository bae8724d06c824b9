import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChunkRequest, FILES, MIB, begunLast, headOffset, send } from '../support/chunk-request.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { LargeFile } from '../support/large-file.js';
import { rounds } from '../support/rounds.js';
import { between } from '../support/waiting.js';

const KILLS = rounds(50);
const SIZE = (process.env.LONG === '1' ? 2048 : 512) * MIB;
const KILLS_OF_ONE = 5;
const BYTES_A_SECOND = 100 * MIB;
const MOST_AGAIN = 64 * MIB;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster(1);
});
afterAll(() => cluster?.stop());

/** Sends all from `start` on as one chunk, until `stopAfterMs` or its end. What was sent when. */
async function sendRest(file: LargeFile, id: string | null, start: number, stopAfterMs: number) {
  const { url } = cluster.at(0);
  const request = new ChunkRequest(url, { id, start, length: SIZE - start, total: SIZE });
  const begun = performance.now();
  const sent: { at: number; offset: number }[] = [{ at: begun, offset: start }];
  let offset = start;
  while (offset < SIZE && performance.now() - begun < stopAfterMs) {
    const piece = file.at(offset);
    await request.send(piece);
    offset += piece.length;
    sent.push({ at: performance.now(), offset });
    const early = ((offset - start) / BYTES_A_SECOND) * 1000 - (performance.now() - begun);
    if (early > 0) await sleep(early);
  }
  return { request, sent, isAll: offset === SIZE };
}

describe('kill -9 within one long chunk', () => {
  const longest = { timeout: KILLS * 60_000 };
  it(`costs at most 64 MiB or 10 s of it, at ${KILLS} random moments`, longest, async () => {
    const server = cluster.at(0);
    const again: number[] = [];
    for (let kills = 0; kills < KILLS;) {
      const file = new LargeFile(SIZE);
      let id: string | null = null;
      let offset = 0;
      for (let nth = 0; nth < KILLS_OF_ONE && kills < KILLS; nth += 1) {
        const rest = ((SIZE - offset) / BYTES_A_SECOND) * 1000 * 0.8;
        if (rest < 1000) break;
        const { request, sent, isAll } = await sendRest(file, id, offset, between(500, rest));
        if (isAll) break;
        await server.kill();
        kills += 1;
        await server.launch();
        request.drop();
        id ??= await begunLast(server.url);
        const was = offset;
        offset = id === null ? 0 : await headOffset(`${server.url}${FILES}/${id}`);
        expect(offset).toBeGreaterThanOrEqual(was);
        const last = sent.at(-1)?.offset ?? 0;
        const tenSecondsAgo = sent.findLast(({ at }) => at <= (sent.at(-1)?.at ?? 0) - 10_000);
        const must = Math.min(last - MOST_AGAIN, tenSecondsAgo?.offset ?? Number.POSITIVE_INFINITY);
        again.push((last - offset) / MIB);
        expect(offset, `sent ${last}`).toBeGreaterThanOrEqual(must);
      }
      await finish(file, id, offset);
    }
    console.log(`sent again after ${KILLS} kills: at most ${Math.max(...again).toFixed(1)} MiB`);
  });
});

async function finish(file: LargeFile, id: string | null, offset: number): Promise<void> {
  const { url } = cluster.at(0);
  const { request } = await sendRest(file, id, offset, Number.POSITIVE_INFINITY);
  const answer = await request.finish();
  expect(answer?.status, answer?.bytes.toString()).toBe(200);
  const done = JSON.parse(answer?.bytes.toString() ?? '') as { id: string };
  const completed = await send('POST', `${url}${FILES}/${done.id}?md5=${file.md5}`);
  expect(completed.status, completed.bytes.toString()).toBe(200);
  await send('DELETE', `${url}${FILES}/${done.id}`);
}
