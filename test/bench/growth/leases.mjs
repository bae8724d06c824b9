import { setTimeout as delay } from 'node:timers/promises';
import { withWorkers } from './processes.mjs';
import { settings } from './settings.mjs';

/** Chunks that each upload has before its lease is held: its row is no longer a fresh one. */
const CHUNKS = 3;
const GIVE_UP_MS = 120_000;
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
    await worker.ask('hold');
    await allAreHeld(table);
    await delay(TOLD_MS);

    const before = await table.updates();
    const isCounted = await table.countStatements();
    await worker.ask('takeCalls');
    await delay(OBSERVED_MS);
    const calls = await worker.ask('takeCalls');
    const atDatabase = isCounted ? await table.longestStatement() : null;
    const held = await table.runningLeases();
    return { before, inProcess: calls[0], atDatabase, held };
  });
  const after = await table.updates();
  const { before, ...leases } = observed;
  return { ...leases, updates: { all: after.all - before.all, hot: after.hot - before.hot } };
}

async function allAreHeld(table) {
  const giveUpAt = performance.now() + GIVE_UP_MS;
  for (;;) {
    const held = await table.runningLeases();
    if (held >= settings.uploads) return;
    if (performance.now() > giveUpAt) throw new Error(`only ${held} leases are running`);
    await delay(500);
  }
}
