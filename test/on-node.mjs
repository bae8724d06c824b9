// `npm run test:node -- 22 --project unit …`: the tests, or those that vitest is told, on another
// version of Node, which comes from npm. They use the build that is there.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { close, vitest } from './vitest-run.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [version, ...args] = process.argv.slice(2);
if (!/^\d+$/.test(version ?? '')) throw new Error('Which version of Node? For example: 22');
if (!existsSync(join(root, 'dist/index.js'))) throw new Error('Nothing is built: npm run build');

const node = install(version);
// Servers that the tests start, and programs that are looked up, run on the same.
const env = { ...process.env, PATH: dirname(node) + delimiter + process.env.PATH };
close(vitest({ node, env, args }));

/** The newest of this version for this machine; where it is. */
function install(major) {
  const folder = join(root, 'node_modules/.cache', `node-${major}`);
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const options = ['--no-save', '--no-audit', '--no-fund', '--prefer-offline', '--prefix', folder];
  const npm = spawnSync('npm', ['install', ...options, `${name}@${major}`], { stdio: 'inherit' });
  if (npm.status !== 0) throw new Error(`npm has no ${name}@${major}`);
  return join(folder, 'node_modules', name, 'bin', platform === 'win' ? 'node.exe' : 'node');
}
