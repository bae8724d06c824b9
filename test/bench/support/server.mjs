import { settings } from '../settings.mjs';
import { Child } from './child.mjs';
import { cpuProfileFlags } from './cpu-profile.mjs';

const PRELOAD = new URL('./instruments/preload.mjs', import.meta.url).href;
const TRAFFIC = new URL('./instruments/store-traffic.mjs', import.meta.url).href;

/** Starts the server of a stage, with its files in `data` and what else it writes in `directory`. */
export function startServer({ candidate, scenario, data, directory, database, bucket }) {
  const { folder, system } = candidate;
  return Child.start(new URL(`../${folder}/${system}.mjs`, import.meta.url), {
    env: {
      BENCH_DATA_DIR: data,
      BENCH_OPTIONS: JSON.stringify(candidate.options),
      ...(database && { DATABASE_URL: database.url }),
      ...(bucket && { BENCH_BUCKET: bucket.name }),
    },
    flags: [
      ...(scenario.trickling ? ['--expose-gc'] : []),
      ...(bucket ? ['--import', TRAFFIC] : []),
      ...(settings.profile ? ['--import', PRELOAD] : []),
      ...(settings.cpuProfile ? cpuProfileFlags(directory) : []),
    ],
  });
}
