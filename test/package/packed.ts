import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { until } from '../support/waiting.js';

const run = promisify(execFile);
const LONGEST_INSTALL_MS = 9 * 60_000;

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Where packages are packed and installed, once for all files of this project. */
export const packagesFolder = (): string => inject('packagesFolder');

/** The package as npm would publish it; the path of the file. */
export function packedServer(): Promise<string> {
  return packed('.', 'nestjs-chunked-upload');
}

/** The client's own one. */
export function packedClient(): Promise<string> {
  return packed('dist/client', 'nestjs-chunked-upload-client');
}

async function packed(source: string, name: string): Promise<string> {
  const folder = join(packagesFolder(), name);
  const file = join(folder, `${name}.tgz`);
  await fillOnce(folder, async () => {
    // It has been built, and tests of other projects may be using that.
    const args = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
    const { stdout } = await run('npm', args, { cwd: join(ROOT, source), env: await npmEnv() });
    await rename(join(folder, stdout.trim()), file);
  });
  return file;
}

/** Makes a folder and what is in it for all files of the project; those that come later wait. */
export async function fillOnce(folder: string, fill: () => Promise<void>): Promise<void> {
  const filled = `${folder}.filled`;
  const isFirst = await mkdir(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );
  if (!isFirst) {
    await until(`${folder} is filled`, () => existsSync(filled), { withinMs: LONGEST_INSTALL_MS });
    return;
  }
  await fill();
  await writeFile(filled, '');
}

export async function npmInstall(folder: string, ...packages: string[]): Promise<void> {
  const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages];
  await run('npm', args, { cwd: folder, env: await npmEnv() });
}

/** npm's own cache, or for a user without a home one that goes with the folder. */
async function npmEnv(): Promise<NodeJS.ProcessEnv> {
  const usual = process.env['npm_config_cache'] ?? join(homedir(), '.npm');
  const cache = await mkdir(usual, { recursive: true }).then(
    () => usual,
    () => join(packagesFolder(), '.npm'),
  );
  return { ...process.env, npm_config_cache: cache };
}
