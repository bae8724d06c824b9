// `npm test`: format, lint, types and build count as one check each, vitest counts its own tests.
// The last line on stdout is always `N passed, N failed, N skipped`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const path = join(root, 'node_modules', '.bin') + delimiter + process.env.PATH;
const total = { passed: 0, failed: 0, skipped: 0 };

function succeeds(command, ...args) {
  const options = { cwd: root, env: { ...process.env, PATH: path }, stdio: 'inherit' };
  return spawnSync(command, args, options).status === 0;
}

function check(title, ...commands) {
  console.log(`\n== ${title}`);
  // Every command runs, also after one that failed: one run shows all there is to repair.
  const failures = commands.filter((command) => !succeeds(...command));
  total[failures.length > 0 ? 'failed' : 'passed'] += 1;
}

function vitest() {
  console.log('\n== tests');
  const folder = mkdtempSync(join(tmpdir(), 'vitest-report-'));
  try {
    const report = join(folder, 'report.json');
    const config = ['--config', 'test/vitest.config.ts', '--passWithNoTests'];
    // Of vitest's reporters only `verbose` shows why a test was skipped.
    const reporters = ['verbose', 'json', 'test/support/contract-report.ts'].map(
      (name) => `--reporter=${name}`,
    );
    reporters.push(`--outputFile.json=${report}`);
    const ok = succeeds('vitest', 'run', ...config, ...reporters);
    const counts = count(JSON.parse(readFileSync(report, 'utf8')));
    // Errors outside of any test, such as an unhandled rejection.
    if (!ok && counts.failed === 0) counts.failed = 1;
    return counts;
  } catch (error) {
    console.log(`vitest left no report: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function count({ testResults }) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of testResults) {
    const outcomes = file.assertionResults.map(({ status }) =>
      status === 'passed' || status === 'failed' ? status : 'skipped',
    );
    // A file that cannot be loaded, or whose setup throws, has no failed test to count.
    if (file.status === 'failed' && !outcomes.includes('failed')) outcomes.push('failed');
    for (const outcome of outcomes) counts[outcome] += 1;
  }
  return counts;
}

check('format', ['prettier', '--check', '.']);
// Tests import the package by its name: they have types, and something to run, once it is built.
check('build', ['nest', 'build']);
check('lint', ['oxlint', '--type-aware']);
check('types', ['tsc', '--noEmit'], ['tsc', '--noEmit', '--project', 'test']);

const tests = vitest();
if (tests.passed + tests.failed === 0) {
  console.log('no test ran');
  tests.failed = 1;
}
if (process.env.CI === 'true' && tests.skipped > 0) {
  console.log(`nothing may be skipped in CI: ${tests.skipped} skipped tests count as failed`);
  tests.failed += tests.skipped;
  tests.skipped = 0;
}
for (const outcome of Object.keys(total)) total[outcome] += tests[outcome];

process.exitCode = total.failed > 0 ? 1 : 0;
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
