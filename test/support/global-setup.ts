import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/demo/embedded-postgres.js';
import { executeOn } from './database.js';
import { offerCeph } from './ceph-on-demand.js';

declare module 'vitest' {
  export interface ProvidedContext {
    databaseUrl: string;
    cephOnDemand: string;
    packagesFolder: string;
  }
}

/**
 * What all files of a run share: a server, the folder in which packages are installed, and a Ceph
 * if somebody asks for it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const packages = await mkdtemp(join(tmpdir(), 'packages-'));
  project.provide('packagesFolder', packages);
  const ceph = await offerCeph();
  project.provide('cephOnDemand', ceph.url);
  const stopServer = await provideServer(project);
  return async () => {
    await ceph.close();
    await stopServer();
    await rm(packages, { recursive: true });
  };
}

/** That of DATABASE_URL, or one of our own. */
async function provideServer(project: TestProject): Promise<() => Promise<void>> {
  if (process.env.DATABASE_URL) {
    project.provide('databaseUrl', process.env.DATABASE_URL);
    return async () => {};
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'nestjs-chunked-upload-'));
  const postgres = await startEmbeddedPostgres({ dataDir });
  await forgetAtPowerFailure(postgres.url);
  project.provide('databaseUrl', postgres.url);
  return async () => {
    await postgres.stop();
    await rm(dataDir, { recursive: true });
  };
}

/** Nobody cuts the power of a test: what would outlive it need not be waited for. */
async function forgetAtPowerFailure(url: string): Promise<void> {
  for (const setting of ['fsync', 'full_page_writes']) {
    await executeOn(url, `ALTER SYSTEM SET ${setting} = off`);
  }
  await executeOn(url, 'SELECT pg_reload_conf()');
}
