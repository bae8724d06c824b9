import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/** Its modules know each other by their names in `node_modules`, which is above this folder. */
const HERE = fileURLToPath(new URL('.', import.meta.url));

const ENTRY = `
import Uppy from '@uppy/core';
import Dashboard from '@uppy/dashboard';
import GoldenRetriever from '@uppy/golden-retriever';
import Tus from '@uppy/tus';
Object.assign(globalThis, { Uppy, Dashboard, GoldenRetriever, Tus });
`;

/** Uppy with its plug-ins as one script, as a bundler of its users would make it. */
export async function bundleUppy(): Promise<string> {
  const folder = await mkdtemp(join(HERE, '.uppy-'));
  try {
    const entry = join(folder, 'entry.js');
    await writeFile(entry, ENTRY);
    const bundle = await rolldown({
      input: entry,
      platform: 'browser',
      transform: { define: { 'process.env.NODE_ENV': '"production"' } },
      logLevel: 'silent',
    });
    const file = join(folder, 'uppy.js');
    await bundle.write({ file, format: 'iife' });
    await bundle.close();
    return await readFile(file, 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
