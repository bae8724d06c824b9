/*
 * `npm run bench`: this module beside other upload servers, each a process of its own, by turns.
 * Linux only, for it measures through /proc. settings.mjs lists what the environment may change;
 * `BENCH_SCALE=0.05 BENCH_ROUNDS=1` shows within a minute or two whether everything runs.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { candidatesOf } from './candidates.mjs';
import { holdContest } from './contest.mjs';
import { heading, report } from './report.mjs';
import { scenarios } from './scenarios.mjs';
import { settings } from './settings.mjs';
import { Postgres } from './support/postgres.mjs';
import { workspace } from './support/workspace.mjs';

if (!existsSync(new URL('../../dist/index.js', import.meta.url))) {
  throw new Error('Run `npm run build` first: it is what the bench measures.');
}

const needsPostgres = scenarios.flatMap(candidatesOf).some(({ ours }) => ours);
const postgres = needsPostgres
  ? await Postgres.open(settings.databaseUrl, join(workspace, 'postgres'))
  : null;
try {
  console.log(heading());
  for (const scenario of scenarios) {
    console.log(`\n${report(await holdContest(scenario, postgres))}`);
  }
} finally {
  await postgres?.close();
}
