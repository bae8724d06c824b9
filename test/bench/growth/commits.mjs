import { Meter } from '../support/meter.mjs';
import { withWorkers } from './processes.mjs';
import { settings } from './settings.mjs';

/** Commits before the first part, so that it is measured with compiled code. */
const WARM_UP = 2000;

/** Chunk by chunk for all uploads in turn; the speed of each part, and what is left of it. */
export async function commitAll(table, postgres) {
  const { commits, uploads, processes, windows } = settings;
  const measured = await withWorkers(processes, table, async (workers) => {
    const all = (question, count) =>
      Promise.all(workers.map((worker) => worker.ask(question, Math.ceil(count / processes))));
    await all('begin', uploads);
    const before = await table.size();
    await all('append', WARM_UP);
    await all('takeCalls');

    const parts = [];
    for (let n = 0; n < windows; n++) {
      parts.push(await timed(workers, postgres, commits / windows, all));
      const { speed, othersShare } = parts.at(-1);
      const others = Math.round(othersShare * 100);
      console.error(
        `part ${n + 1}/${windows}: ${Math.round(speed)} commits/s (others ${others} %)`,
      );
    }
    const calls = (await all('takeCalls')).flat();
    const statements = calls.reduce((sum, { count }) => sum + count, 0);
    return { before, parts, statements: statements / commits };
  });
  // The connections are closed, and so have told what they did.
  return { ...measured, after: await table.size(), updates: await table.updates() };
}

async function timed(workers, postgres, count, all) {
  const [server, ...helpers] = workers.map(({ pid }) => pid);
  const meter = new Meter({ server, helpers, postgres: postgres.pid });
  const start = performance.now();
  meter.start();
  await all('append', count);
  const { othersShare } = meter.stop();
  return { speed: (count * 1000) / (performance.now() - start), othersShare };
}
