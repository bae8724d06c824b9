import { settings } from '../settings.mjs';
import { Child } from './child.mjs';
import { cpuProfileFlags } from './cpu-profile.mjs';

const PRELOAD = new URL('./instruments/preload.mjs', import.meta.url).href;

/** Starts the server of a stage, with its files in `data` and what else it writes in `directory`. */
export function startServer({ candidate, scenario, data, directory, database }) {
  return Child.start(new URL(`../servers/${candidate.system}.mjs`, import.meta.url), {
    env: {
      BENCH_DATA_DIR: data,
      BENCH_OPTIONS: JSON.stringify(candidate.options),
      ...(database && { DATABASE_URL: database.url }),
    },
    flags: [
      ...(scenario.trickling ? ['--expose-gc'] : []),
      ...(settings.profile ? ['--import', PRELOAD] : []),
      ...(settings.cpuProfile ? cpuProfileFlags(directory) : []),
    ],
  });
}
