import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';

export interface Account {
  uid: number;
  gid: number;
}

/** For every program started here: none of the caller's PG* variables, no locale of its own. */
export const ENVIRONMENT = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' };

/**
 * Runs a shell script that outlives this process, and its process group, even after `kill -9`.
 * It learns of the end by reading its descriptor 3, which this process never writes to.
 */
export async function spawnSurvivor(
  script: string,
  args: string[],
  options: { cwd?: string; log?: number; account?: Account | undefined } = {},
): Promise<ChildProcess> {
  const output = options.log ?? 'ignore';
  const shell = spawn('sh', ['-c', script, 'sh', ...args], {
    cwd: options.cwd ?? '/',
    env: ENVIRONMENT,
    detached: true,
    stdio: ['ignore', output, output, 'pipe'],
    ...options.account,
  });
  await once(shell, 'spawn');
  shell.unref();
  lifeline(shell).unref();
  return shell;
}

/** Tells the script what the end of this process would tell it, and waits for its exit. */
export async function endSurvivor(shell: ChildProcess): Promise<void> {
  if (hasExited(shell)) return;
  shell.ref();
  const exit = once(shell, 'exit');
  lifeline(shell).end();
  await exit;
}

export function hasExited(shell: ChildProcess): boolean {
  return shell.exitCode !== null || shell.signalCode !== null;
}

function lifeline(shell: ChildProcess): Socket {
  const pipe = shell.stdio[3];
  if (!(pipe instanceof Socket)) throw new Error('this shell was started without a descriptor 3');
  return pipe;
}
