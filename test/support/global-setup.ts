import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/demo/embedded-postgres.js';
import { offerCeph } from './ceph-on-demand.js';

declare module 'vitest' {
  export interface ProvidedContext {
    databaseUrl: string;
    cephOnDemand: string;
  }
}

/**
 * One database for the whole run: that of DATABASE_URL, or one of our own; and one Ceph, if
 * somebody asks for it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const ceph = await offerCeph();
  project.provide('cephOnDemand', ceph.url);
  if (process.env.DATABASE_URL) {
    project.provide('databaseUrl', process.env.DATABASE_URL);
    return ceph.close;
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'nestjs-chunked-upload-'));
  const postgres = await startEmbeddedPostgres({ dataDir });
  project.provide('databaseUrl', postgres.url);
  return async () => {
    await ceph.close();
    await postgres.stop();
    await rm(dataDir, { recursive: true });
  };
}
