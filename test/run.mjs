// `npm test`: format, lint, types and build count as one check each, vitest counts its own tests.
// The last line on stdout is always `N passed, N failed, N skipped`.
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { close, vitest } from './vitest-run.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const path = join(root, 'node_modules', '.bin') + delimiter + process.env.PATH;
const env = { ...process.env, PATH: path };
const total = { passed: 0, failed: 0, skipped: 0 };

function succeeds(command, ...args) {
  return spawnSync(command, args, { cwd: root, env, stdio: 'inherit' }).status === 0;
}

function check(title, ...commands) {
  console.log(`\n== ${title}`);
  // Every command runs, also after one that failed: one run shows all there is to repair.
  const failures = commands.filter((command) => !succeeds(...command));
  total[failures.length > 0 ? 'failed' : 'passed'] += 1;
}

check('format', ['prettier', '--check', '.']);
// Tests import the package by its name: they have types, and something to run, once it is built.
check('build', ['npm', 'run', 'build']);
check('lint', ['oxlint', '--type-aware']);
check('types', ['tsc', '--noEmit'], ['tsc', '--noEmit', '--project', 'test']);

const tests = vitest({ env });
for (const outcome of Object.keys(total)) total[outcome] += tests[outcome];
close(total);
