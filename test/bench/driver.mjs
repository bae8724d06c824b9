import { once } from 'node:events';
import { Connection } from './support/connection.mjs';
import { payloads } from './support/payload.mjs';

/*
 * The client, a process of its own so that its work is not mixed with that of the bench. It warms
 * up, says that it is ready, and waits for the start.
 */
const [{ client, scenario, sums, url, directory }] = await once(process, 'message');
const { upload } = await import(`./clients/${client}.mjs`);

/** So many connections as there are clients, each taking the next file that is left. */
async function uploadAll(files, sumOf) {
  const queue = files.entries();
  await Promise.all(
    Array.from({ length: scenario.clients }, async () => {
      const target = url ? new Connection(url) : { directory, close() {} };
      for (const [n, file] of queue) await upload(target, file, sumOf(n));
      target.close();
    }),
  );
}

const warmUp = payloads(scenario.warmUp, scenario.chunkSize);
const warmUpSums = warmUp.map((file) => file.md5());
await uploadAll(warmUp, (n) => warmUpSums[n]);

const files = payloads(scenario.files, scenario.chunkSize);
process.send({ ready: true });
await once(process, 'message');

const start = performance.now();
await uploadAll(files, (n) => sums[n]);
process.send({ seconds: (performance.now() - start) / 1000 });
// Stays to be measured: it ends when it is told to, or with the bench.
await once(process, 'disconnect');
