import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FreshApplication } from './fresh-application.js';

const run = promisify(execFile);
const OWN = process.versions.node.split('.')[0];

/** The versions of Node that the package is for. */
export const NODE_VERSIONS = ['20', '22', '24'] as const;

/** Packages with the binaries of those that are not the one that runs, for machines like this. */
export const NODE_PACKAGES = Object.fromEntries(
  NODE_VERSIONS.filter((version) => version !== OWN).map((version) => [
    `node-${version}`,
    `npm:node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}@${version}`,
  ]),
);

/** The path of a Node of this version; null: there is none for this machine. */
export async function findNode(app: FreshApplication, version: string): Promise<string | null> {
  if (version === OWN) return process.execPath;
  const path = join(app.root, 'node_modules', `node-${version}`, 'bin', 'node');
  const answer = await run(path, ['--version']).catch(() => null);
  return answer?.stdout.startsWith(`v${version}.`) ? path : null;
}
