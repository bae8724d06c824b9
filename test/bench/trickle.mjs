import { setTimeout as delay } from 'node:timers/promises';

const MiB = 1024 * 1024;

/** In this time a server takes in, or lets go of, so many connections. */
const SETTLE_MS = 3000;

/**
 * Sends a file alone, one beside trickling clients, and one alone again, so that a machine that
 * changes meets both alike. What a connection holds is told between the first two, after a
 * collection each: by JavaScript's own count, and by the process' memory, which is never exact.
 */
export async function sendBesideTricklers(stage) {
  const { server, client, scenario } = stage;
  const { size } = scenario.files;
  const speedOf = async (n) => size / MiB / (await client.ask('run', { from: n, to: n + 1 }));

  const before = await speedOf(0);
  const without = await server.ask('memory');

  const tricklers = await stage.addClient('trickler.mjs');
  await delay(SETTLE_MS);
  const held = await server.ask('memory');
  const measured = await stage.measure(async () => ({ throughput: await speedOf(1) }));
  if (!tricklers.isRunning) throw new Error('a trickling client was let go; its error is above');

  await tricklers.stop();
  await delay(SETTLE_MS);
  const alone = (before + (await speedOf(2))) / 2;

  const each = (key) => (held[key] - without[key]) / 1024 / scenario.trickling.clients;
  return {
    ...measured,
    alone,
    share: measured.throughput / alone,
    heldEach: each('held'),
    memoryEach: each('rss'),
  };
}
