import assert from 'node:assert/strict';
import { Connection } from './support/connection.mjs';
import { answerParent } from './support/parent.mjs';
import { payloads } from './support/payload.mjs';

/*
 * The client, a process of its own so that its work is not mixed with that of the bench. It warms
 * up, and uploads files as often as it is told to.
 */
let job, upload, files;

async function prepare(given) {
  job = given;
  ({ upload } = await import(`./clients/${job.client}.mjs`));
  const { warmUp, chunkSize } = job.scenario;
  await uploadAll(payloads(warmUp, chunkSize).map((file) => ({ file, sum: file.md5() })));
  if (job.verifies) await expectRefusal();
  files = payloads(job.scenario.files, chunkSize).map((file, n) => ({ file, sum: job.sums[n] }));
}

/** Uploads those of the scenario's files, or all; answers the seconds it took. */
async function run({ from, to } = {}) {
  const start = performance.now();
  await uploadAll(files.slice(from, to));
  return (performance.now() - start) / 1000;
}

/** So many connections as there are clients, each taking the next file that is left. */
async function uploadAll(all) {
  const queue = all.values();
  await Promise.all(
    Array.from({ length: job.scenario.clients }, async () => {
      const target = connect();
      for (const { file, sum } of queue) await upload(target, file, sum);
      target.close();
    }),
  );
}

/** Who is said to verify must notice. */
async function expectRefusal() {
  const { chunkSize } = job.scenario;
  const target = connect();
  const [file] = payloads({ count: 1, size: chunkSize - 2 }, chunkSize);
  await assert.rejects(upload(target, file, '0'.repeat(32)), /answered [45]\d\d/);
  target.close();
}

const connect = () =>
  job.url ? new Connection(job.url) : { directory: job.directory, close() {} };

answerParent('ready', { prepare, run });
