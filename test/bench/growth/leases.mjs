import { setTimeout as delay } from 'node:timers/promises';
import { withWorkers } from './processes.mjs';
import { settings } from './settings.mjs';

/** Chunks that each upload has before its lease is held: its row is no longer a fresh one. */
const CHUNKS = 3;
/** So many are taken before the next ones, so that renewals find a connection. */
const BURST = 500;
const GIVE_UP_MS = 10_000;
/** An idle connection has told what it did. */
const TOLD_MS = 12_000;
const OBSERVED_MS = 10_000;

/**
 * One process with a writer, whose bytes do not come, in each of its uploads. Nothing else happens
 * meanwhile: the statement that takes longest is the renewal of their leases.
 */
export async function holdLeases(table) {
  const observed = await withWorkers(1, table, async ([worker]) => {
    await worker.ask('begin', settings.uploads);
    await worker.ask('append', settings.uploads * CHUNKS);
    for (let held = 0; held < settings.uploads; held += BURST) {
      await worker.ask('hold', BURST);
      await areRunning(Math.min(held + BURST, settings.uploads), table);
    }
    await delay(TOLD_MS);

    const before = await table.updates();
    const isCounted = await table.countStatements();
    await worker.ask('takeCalls');
    await delay(OBSERVED_MS);
    const calls = await worker.ask('takeCalls');
    const atDatabase = isCounted ? await table.longestStatement() : null;
    const held = await table.runningLeases();
    const lost = await worker.ask('lost');
    return { before, inProcess: calls[0], atDatabase, held, lost };
  });
  const after = await table.updates();
  const { before, ...leases } = observed;
  return { ...leases, updates: { all: after.all - before.all, hot: after.hot - before.hot } };
}

/** Waits for them, and no longer than it makes sense: some may be lost. */
async function areRunning(count, table) {
  const giveUpAt = performance.now() + GIVE_UP_MS;
  while ((await table.runningLeases()) < count && performance.now() < giveUpAt) await delay(100);
}
