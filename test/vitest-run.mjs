// Runs vitest and counts its tests, for the programs that print `N passed, N failed, N skipped`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @param node the program that runs it and its tests */
export function vitest({ node = process.execPath, env = process.env, args = [] } = {}) {
  console.log(`\n== tests${node === process.execPath ? '' : ` by ${node}`}`);
  const folder = mkdtempSync(join(tmpdir(), 'vitest-report-'));
  try {
    const report = join(folder, 'report.json');
    const config = ['--config', 'test/vitest.config.ts', '--passWithNoTests'];
    // Of vitest's reporters only `verbose` shows why a test was skipped.
    const ours = ['contract-report', 'failure-report'].map((name) => `test/support/${name}.ts`);
    const reporters = ['verbose', 'json', ...ours].map((name) => `--reporter=${name}`);
    reporters.push(`--outputFile.json=${report}`);
    const program = join(root, 'node_modules/vitest/vitest.mjs');
    const all = [program, 'run', ...config, ...reporters, ...args];
    const ok = spawnSync(node, all, { cwd: root, env, stdio: 'inherit' }).status === 0;
    return judged(count(JSON.parse(readFileSync(report, 'utf8'))), ok);
  } catch (error) {
    console.log(`vitest left no report: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function judged(counts, ok) {
  // Errors outside of any test, such as an unhandled rejection.
  if (!ok && counts.failed === 0) counts.failed = 1;
  if (counts.passed + counts.failed === 0) {
    console.log('no test ran');
    counts.failed = 1;
  }
  if (process.env.CI === 'true' && counts.skipped > 0) {
    console.log(`nothing may be skipped in CI: ${counts.skipped} skipped tests count as failed`);
    counts.failed += counts.skipped;
    counts.skipped = 0;
  }
  return counts;
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

/** The last line, and the exit code. */
export function close(total) {
  process.exitCode = total.failed > 0 ? 1 : 0;
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
}
