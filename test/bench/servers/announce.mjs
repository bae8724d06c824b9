import { setImmediate as turn } from 'node:timers/promises';
import { activity } from '../support/instruments/activity.mjs';
import { answerParent } from '../support/parent.mjs';

/** The environment of a server, as support/server.mjs sets it. */
export const directory = process.env.BENCH_DATA_DIR;
export const options = JSON.parse(process.env.BENCH_OPTIONS ?? '{}');

/** In bytes, after a collection: what JavaScript holds, and what the process has. */
async function memory() {
  // What the first finds to be nobody's may keep something else until it has been finalized.
  for (let n = 0; n < 3; n++) {
    globalThis.gc();
    await turn();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { held: heapUsed + external, rss };
}

/** What it has asked of a store, where that is counted. */
const traffic = () => globalThis.benchStoreTraffic?.() ?? null;

/** Says where the server listens. */
export function announce(server) {
  answerParent(`http://127.0.0.1:${server.address().port}`, { memory, activity, traffic });
}

export function listen(server) {
  server.listen(0, '127.0.0.1', () => announce(server));
}
