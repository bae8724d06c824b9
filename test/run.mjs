// `npm test`: format, lint, types and build count as one check each, vitest counts its own tests.
// The last line on stdout is always `N passed, N failed, N skipped`.
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { close, vitest } from './vitest-run.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const path = join(root, 'node_modules', '.bin') + delimiter + process.env.PATH;
const env = { ...process.env, PATH: path };
const total = { passed: 0, failed: 0, skipped: 0 };

// Captured, so that the output of two that run at once is not mixed.
const colors = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {};

async function check(title, program, ...args) {
  const child = spawn(program, args, {
    cwd: root,
    env: { ...env, ...colors },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  }
  const code = await new Promise((resolve) => {
    child.once('error', (error) => resolve((output += `${error.message}\n`)));
    child.once('close', resolve);
  });
  process.stdout.write(`\n== ${title}\n${output}`);
  total[code === 0 ? 'passed' : 'failed'] += 1;
}

// At once, since each of them keeps one core busy. The build checks the types of what it compiles.
await Promise.all([
  check('format', 'prettier', '--check', '.'),
  check('build', 'npm', 'run', 'build'),
]);
// Tests import the package by its name: they have types, and something to run, once it is built.
await Promise.all([
  check('lint', 'oxlint', '--type-aware'),
  check('types', 'tsc', '--noEmit', '--project', 'test'),
]);

const tests = vitest({ env });
for (const outcome of Object.keys(total)) total[outcome] += tests[outcome];
close(total);
