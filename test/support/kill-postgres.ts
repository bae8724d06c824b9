import { execFileSync } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from './waiting.js';

/** `kill -9` of all processes of the embedded database in `dataDir`, at once. */
export async function killPostgres(dataDir: string): Promise<void> {
  const cluster = (await readdir(dataDir)).find((name) => name.startsWith('postgres-')) ?? '';
  const lock = await readFile(join(dataDir, cluster, 'postmaster.pid'), 'utf8');
  const postmaster = Number(lock.split('\n')[0]);
  const listed = execFileSync('ps', ['-o', 'pid=', '--ppid', String(postmaster)]).toString();
  const children = listed.trim().split(/\s+/).map(Number);
  for (const pid of [postmaster, ...children]) end(pid);
  await until('its processes are gone', () => children.every((pid) => !isThere(pid)));
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
