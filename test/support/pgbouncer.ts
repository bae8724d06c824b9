import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { until } from './waiting.js';

const PROGRAM = '/usr/sbin/pgbouncer';

/** As root it does not run. */
const NOBODY = 65534;

export const hasPgBouncer = existsSync(PROGRAM);

export interface PgBouncer {
  /** Of the same database, through it. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * PgBouncer before a database, in transaction mode: each transaction, or statement without one, may
 * come to another of its `poolSize` connections.
 */
export async function startPgBouncer(databaseUrl: string, poolSize: number): Promise<PgBouncer> {
  const folder = await mkdtemp(join(tmpdir(), 'pgbouncer-'));
  const { hostname, port, pathname, username, password } = new URL(databaseUrl);
  const ownPort = await freePort();
  const database = pathname.slice(1);
  const files = {
    'users.txt': `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"\n`,
    'pgbouncer.ini': [
      '[databases]',
      `${database} = host=${hostname} port=${port} dbname=${database}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${ownPort}`,
      'auth_type = trust',
      `auth_file = ${join(folder, 'users.txt')}`,
      'pool_mode = transaction',
      `default_pool_size = ${poolSize}`,
      'unix_socket_dir =',
      '',
    ].join('\n'),
  };
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await chown(folder, NOBODY, NOBODY);
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await writeFile(path, text);
    if (isRoot) await chown(path, NOBODY, NOBODY);
  }
  const ids = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const configuration = join(folder, 'pgbouncer.ini');
  const child = spawn(PROGRAM, [configuration], { ...ids, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (piece: Buffer) => {
    said += piece.toString();
  });
  const exit = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exit;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await until('PgBouncer listens', () => {
      if (child.exitCode !== null) throw new Error(`PgBouncer ended: ${said}`);
      return listens(ownPort);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(ownPort);
  return { url: url.href, stop };
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
