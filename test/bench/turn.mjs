import { settings } from './settings.mjs';
import { Stage } from './stage.mjs';
import { readCpuProfiles } from './support/cpu-profile.mjs';
import { checkStoredFiles } from './support/stored-files.mjs';
import { sendBesideTricklers } from './trickle.mjs';

const MiB = 1024 * 1024;

/** One timed turn of one candidate, in a folder and a database of its own. */
export async function takeTurn(candidate, scenario, sums, postgres) {
  const stage = new Stage(candidate, scenario, sums, postgres);
  try {
    await stage.open();
    const measured = await (scenario.trickling ? sendBesideTricklers : send)(stage);
    const { size } = scenario.files;
    if (stage.bucket) await stage.bucket.check(size, sums);
    else await checkStoredFiles(stage.data, size, sums);
    // It writes its profile when it ends.
    await stage.server?.stop();
    const cpuProfiles = settings.cpuProfile
      ? await readCpuProfiles(stage.directory, measured.window)
      : [];
    return { ...measured, cpuProfiles };
  } finally {
    await stage.close();
  }
}

async function send(stage) {
  const { unit, files } = stage.scenario;
  const amount = unit === 'MiB/s' ? (files.count * files.size) / MiB : files.count;
  const measured = await stage.measure(async () => ({
    throughput: amount / (await stage.client.ask('run')),
  }));
  if (!stage.bucket) return measured;
  const chunks = files.count * Math.ceil(files.size / stage.scenario.chunkSize);
  return { ...measured, requestsEach: measured.requests / chunks };
}
