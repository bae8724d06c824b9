import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from '../settings.mjs';

/** Everything the bench writes is in here, and goes with it, also when it is interrupted. */
export const workspace = mkdtempSync(join(settings.directory, 'upload-bench-'));

process.on('exit', () => rmSync(workspace, { recursive: true, force: true, maxRetries: 10 }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
