import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChunkRequest, FILES, KIB, MIB, representation, send } from '../support/chunk-request.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { queryOn } from '../support/database.js';
import { expectInTime } from '../support/in-time.js';
import { ResumingUpload } from '../support/resuming-upload.js';
import { rounds } from '../support/rounds.js';
import { ServerProcess } from '../support/server-process.js';
import { StatementGate } from '../support/statement-gate.js';
import { Gaps, until } from '../support/waiting.js';

const SIZE = 64 * MIB;
const FIRST = 10 * KIB;
/** So long a sender may not be silent. */
const SILENCE_MS = 500;
const STANDSTILL_MS = 800;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster(1, { program: 'host' });
});
afterAll(() => cluster?.stop());

/** Sends a little every 20 ms, without a pause, until it is dropped. */
async function steadySender(server: ServerProcess, id: string | null) {
  const chunk = { id, start: FIRST, length: SIZE - FIRST, total: SIZE };
  const request = new ChunkRequest(server.url, chunk);
  let isPaused = false;
  const gaps = new Gaps();
  const timer = setInterval(() => {
    gaps.end();
    if (!isPaused) void request.send(Buffer.alloc(16 * KIB));
  }, 20);
  let answer: number | null | undefined;
  void request.answer.then((given) => (answer = given?.status ?? null));
  await sleep(300);
  return {
    /** Undefined while it goes on. */
    answered: () => {
      expectInTime(gaps.longest, SILENCE_MS - 100, 'the next bytes');
      return answer;
    },
    /** While `work` is done, which takes a moment, nothing is sent. */
    pausedFor: async (work: () => Promise<void>) => {
      isPaused = true;
      await work();
      isPaused = false;
    },
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
      const sender = await steadySender(server, upload.id);
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

describe('After a standstill of its process a steady sender that another process wants to take over', () => {
  // What a renewal asks, in the same statement: whether anybody wants the upload.
  const RENEWAL = 'cu_takeover';
  let gate: StatementGate;
  let writing: ServerProcess;

  beforeAll(async () => {
    gate = await StatementGate.to(cluster.databaseUrl);
    const { dataDir } = cluster.at(0);
    writing = await ServerProcess.start({ program: 'host', databaseUrl: gate.url, dataDir });
  });
  afterAll(async () => {
    await writing?.stop();
    await gate?.close();
  });

  const isWanted = async (id: string | null): Promise<boolean> => {
    const sql = 'SELECT takeover_requested_at FROM chunked_upload WHERE id = $1';
    const [row] = await queryOn(cluster.databaseUrl, sql, [id]);
    return row?.['takeover_requested_at'] !== null;
  };

  const WANTING = {
    'the next chunk': (upload: ResumingUpload, url: string) => upload.sendNext(url, FIRST),
    'the completion': (upload: ResumingUpload, url: string) => upload.complete(url),
  };

  it.each(Object.entries(WANTING))('is not ended for its silence: by %s', async (_, want) => {
    const upload = ResumingUpload.ofSize(SIZE);
    representation(await upload.sendNext(cluster.at(0).url, FIRST));
    const sender = await steadySender(writing, upload.id);
    try {
      // The answer to a renewal that says so is there before anything that was sent meanwhile.
      gate.holdNext(RENEWAL);
      await until('it renews', () => gate.isHolding);
      const wanted = want(upload, cluster.at(0).url);
      await until('the upload is wanted', () => isWanted(upload.id));
      await sender.pausedFor(async () => {
        await writing.freeze();
        await gate.release();
      });
      await sleep(STANDSTILL_MS);
      await writing.thaw();
      const { status } = await wanted;
      expect(sender.answered()).toBeUndefined();
      expect(status).toBe(423);
      gate.holdNext(RENEWAL);
      await until('it renews once more', () => gate.isHolding);
      await gate.release();
      await sleep(100);
      expect(sender.answered()).toBeUndefined();
    } finally {
      await writing.thaw();
      sender.stop();
    }
  });
});
