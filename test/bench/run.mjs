/*
 * `npm run bench`: this module beside other upload servers, each a process of its own, by turns.
 * Linux only, for it measures through /proc. README.md has how to use it, and what it showed.
 */
import { join } from 'node:path';
import { candidatesOf, isOurs } from './candidates.mjs';
import { holdContest } from './contest.mjs';
import { heading, report } from './report.mjs';
import { scenarios } from './scenarios.mjs';
import { requireBuild } from './support/build.mjs';
import { Postgres } from './support/postgres.mjs';
import { workspace } from './support/workspace.mjs';
import { reportTargets } from './targets.mjs';

requireBuild();
const needsPostgres = scenarios.flatMap(candidatesOf).some(isOurs);
const postgres = needsPostgres ? await Postgres.open(join(workspace, 'postgres')) : null;
try {
  console.log(heading());
  const contests = [];
  for (const scenario of scenarios.filter((each) => candidatesOf(each).length > 0)) {
    contests.push(await holdContest(scenario, postgres));
    console.log(`\n${report(contests.at(-1))}`);
  }
  console.log(reportTargets(contests));
} finally {
  await postgres?.close();
}
