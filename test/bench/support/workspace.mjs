import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Everything the bench writes is in here, and goes with it, also when it is interrupted. */
export const workspace = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'upload-bench-'));

process.on('exit', () => rmSync(workspace, { recursive: true, force: true, maxRetries: 10 }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
