import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { settings } from './settings.mjs';
import { Child } from './support/child.mjs';
import { Client } from './support/client.mjs';
import { holdMemory } from './support/held-memory.mjs';
import { Meter } from './support/meter.mjs';
import { profileFlags, readProfiles } from './support/profile.mjs';
import { checkStoredFiles } from './support/stored-files.mjs';
import { workspace } from './support/workspace.mjs';

const MiB = 1024 * 1024;

/** One timed turn of one candidate, in a folder and a database of its own. */
export async function takeTurn(candidate, scenario, sums, postgres) {
  const directory = await mkdtemp(join(workspace, 'turn-'));
  const database = candidate.ours ? await postgres.createDatabase() : null;
  try {
    const data = join(directory, 'data');
    await mkdir(data);
    return await measure(candidate, scenario, sums, { directory, data, database, postgres });
  } finally {
    await database?.drop();
    await rm(directory, { recursive: true });
  }
}

async function measure(candidate, scenario, sums, { directory, data, database, postgres }) {
  let server, client;
  try {
    server = candidate.server && (await startServer(candidate, directory, data, database));
    client = await Client.start({
      client: candidate.client,
      scenario,
      sums,
      url: server?.line,
      directory: data,
    });
    const meter = new Meter({
      server: server?.pid,
      client: client.pid,
      postgres: database && postgres.pid,
    });
    await settleMachine(scenario);

    meter.start();
    const from = process.hrtime.bigint();
    const seconds = await client.run();
    const to = process.hrtime.bigint();
    const measured = meter.stop();

    await checkStoredFiles(data, scenario.files.size, sums);
    await server?.stop();
    return {
      ...measured,
      seconds,
      throughput: amountOf(scenario) / seconds,
      profiles: settings.profile ? await readProfiles(directory, { from, to }) : [],
    };
  } finally {
    client?.stop();
    await server?.stop();
  }
}

const startServer = ({ server, options = {} }, directory, data, database) =>
  Child.start(new URL(`./servers/${server}.mjs`, import.meta.url), {
    env: {
      BENCH_DATA_DIR: data,
      BENCH_OPTIONS: JSON.stringify(options),
      ...(database && { DATABASE_URL: database.url }),
    },
    flags: settings.profile ? profileFlags(directory) : [],
  });

/** Leaves memory that is there, and no pages of an earlier turn that wait to be written. */
async function settleMachine({ files }) {
  const bytes = files.count * files.size;
  const memory = await holdMemory(1024 + (2 * bytes) / MiB);
  await once(spawn('sync'), 'exit');
  await memory.stop();
}

const amountOf = ({ unit, files: { count, size } }) =>
  unit === 'MiB/s' ? (count * size) / MiB : count;
