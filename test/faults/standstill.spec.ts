import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChunkRequest, FILES, KIB, MIB, representation, send } from '../support/chunk-request.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { ResumingUpload } from '../support/resuming-upload.js';
import { rounds } from '../support/rounds.js';

const SIZE = 64 * MIB;
const FIRST = 10 * KIB;
/** Longer than a sender may be silent. */
const STANDSTILL_MS = 800;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster(1, { program: 'host' });
});
afterAll(() => cluster?.stop());

/** Sends a little every 20 ms, without a pause, until it is dropped. */
async function steadySender(id: string | null) {
  const chunk = { id, start: FIRST, length: SIZE - FIRST, total: SIZE };
  const request = new ChunkRequest(cluster.at(0).url, chunk);
  const timer = setInterval(() => void request.send(Buffer.alloc(16 * KIB)), 20);
  let answer: number | null | undefined;
  void request.answer.then((given) => (answer = given?.status ?? null));
  await sleep(300);
  return {
    /** Undefined while it goes on. */
    answered: () => answer,
    stop: () => {
      clearInterval(timer);
      request.drop();
    },
  };
}

const COMERS = {
  'another request at the same offset': (upload: ResumingUpload, url: string) =>
    upload.sendNext(url, FIRST).then(({ status }) => status),
  HEAD: async (upload: ResumingUpload, url: string) =>
    (await send('HEAD', url + upload.path())).status,
  'PUT of */total': async (upload: ResumingUpload, url: string) => {
    const headers = { 'content-range': `bytes */${SIZE}` };
    return (await send('PUT', `${url}${FILES}/${upload.id}`, { headers })).status;
  },
};

describe('After a standstill of the process a steady sender', () => {
  it.each(Object.entries(COMERS))('is not taken for silent by %s', async (_, come) => {
    const server = cluster.at(0);
    for (let round = 0; round < rounds(20); round += 1) {
      const upload = ResumingUpload.ofSize(SIZE);
      representation(await upload.sendNext(server.url, FIRST));
      const sender = await steadySender(upload.id);
      try {
        await server.freeze();
        const comer = come(upload, server.url);
        await sleep(STANDSTILL_MS);
        await server.thaw();
        expect([200, 423]).toContain(await comer);
        await sleep(100);
        expect(sender.answered()).toBeUndefined();
      } finally {
        sender.stop();
      }
    }
  });
});
