import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ChunkRequest, KIB, MIB, send, sendChunk } from '../support/chunk-request.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { ResumingUpload } from '../support/resuming-upload.js';
import { rounds } from '../support/rounds.js';
import { between, until } from '../support/waiting.js';

const REQUESTS = rounds(1000);
const AT_ONCE = 20;
const LENGTH = 300 * KIB;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster(1);
});
afterAll(() => cluster?.stop());

/** One request, broken off somewhere; anonymous first chunks and whole files leave nothing. */
async function abort(number: number): Promise<void> {
  const { url } = cluster.at(0);
  const bytes = randomBytes(LENGTH);
  const known = number % 3 === 0;
  const method = number % 4 === 1 && !known ? 'POST' : 'PUT';
  const first = { id: null, start: 0, total: null };
  const user = known ? 'alice' : null;
  const begun = known ? await sendChunk(url, first, Buffer.from('.'), { user }) : null;
  const id = begun ? (JSON.parse(begun.bytes.toString()) as { id: string }).id : null;
  const at = { id, start: known ? 1 : 0, length: LENGTH, total: null, multipart: number % 2 === 0 };
  const request = new ChunkRequest(url, { ...at, method }, { user });
  await request.send(bytes.subarray(0, between(0, LENGTH)));
  if (number % 5 === 0) await request.taken();
  if (number % 2 === 0) request.reset();
  else request.fin();
  await request.answer;
  if (id)
    await until('its bytes are removed', async () => {
      const { status } = await send('DELETE', `${url}/uploads/files/${id}`, { user });
      return status === 204 || status === 404;
    });
}

it(`leaves nothing of ${REQUESTS} aborted requests`, async () => {
  const server = cluster.at(0);
  const run = async (count: number) => {
    for (let done = 0; done < count; done += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => abort(done + n)));
    }
  };
  // The pool's connections, the hashing thread and the room for what was not collected yet stay.
  await run(REQUESTS / 2);
  await until('the first are over', async () => (await server.storedFiles()).length === 0);
  const files = await server.openFiles();
  const memory = await server.memory('VmRSS');

  await run(REQUESTS);

  await until('no file is left', async () => (await server.storedFiles()).length === 0);
  await until('no descriptor is left', async () => (await server.openFiles()) <= files);
  const growth = (await server.memory('VmRSS')) - memory;
  console.log(`memory: ${(growth / MIB).toFixed(1)} MiB more`);
  expect(growth).toBeLessThanOrEqual(64 * MIB);
  expect(server.isAlive).toBe(true);
  expect(server.output).not.toMatch(/unhandled|error/i);
  const upload = ResumingUpload.ofSize(MIB);
  expect(await upload.finish(server.url)).toEqual({ equal: true });
});
