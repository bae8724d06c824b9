import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase } from './database.js';
import { type ServerOptions, ServerProcess } from './server-process.js';

/** Servers over one database and one disk. */
export interface Cluster {
  readonly servers: readonly ServerProcess[];
  /** The nth, also beyond their number: round and round. */
  at(index: number): ServerProcess;
  readonly databaseUrl: string;
  stop(): Promise<void>;
}

export async function startCluster(
  size: number,
  options: Omit<ServerOptions, 'databaseUrl' | 'dataDir'> = {},
): Promise<Cluster> {
  const database = await createDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'faults-'));
  const servers: ServerProcess[] = [];
  // One after the other: the first makes the tables.
  while (servers.length < size) {
    servers.push(await ServerProcess.start({ ...options, databaseUrl: database.url, dataDir }));
  }
  return {
    servers,
    databaseUrl: database.url,
    at: (index) => servers[index % size] as ServerProcess,
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
