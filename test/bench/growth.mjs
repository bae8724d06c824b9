/*
 * `npm run bench:growth`: whether the table of uploads stays as fast and as small as it was. Many
 * chunks are committed by two processes, over many unfinished uploads whose bytes cost nothing;
 * then one process holds as many leases as there are uploads. README.md has how to read it.
 */
import { join } from 'node:path';
import { commitAll } from './growth/commits.mjs';
import { report } from './growth/report.mjs';
import { holdLeases } from './growth/leases.mjs';
import { settings } from './growth/settings.mjs';
import { UploadsTable } from './growth/table.mjs';
import { requireBuild } from './support/build.mjs';
import { Postgres } from './support/postgres.mjs';
import { workspace } from './support/workspace.mjs';

requireBuild();
const postgres = await Postgres.open(join(workspace, 'postgres'), {
  preload: 'pg_stat_statements',
});
try {
  const database = await postgres.createDatabase();
  const table = await UploadsTable.open(database.url);
  const commits = await commitAll(table, postgres);
  const leases = await holdLeases(table);
  console.log(report(settings, commits, leases));
  await table.close();
  await database.drop();
} finally {
  await postgres.close();
}
