import { Child } from '../support/child.mjs';

/** Starts worker processes for as long as `work` with them takes. */
export async function withWorkers(count, table, work) {
  const workers = [];
  try {
    for (let n = 0; n < count; n++) {
      const env = { DATABASE_URL: table.url };
      workers.push(await Child.start(new URL('./worker.mjs', import.meta.url), { env }));
    }
    return await work(workers);
  } finally {
    for (const worker of workers) await worker.stop();
  }
}
