import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { describe, expect, it } from 'vitest';
import { ROOT, packedClient, packedServer } from './packed.js';
import { readManifest } from './recipes.js';

const run = promisify(execFile);

const PACKAGES = [
  { name: 'nestjs-chunked-upload', source: '.', packed: packedServer },
  { name: 'nestjs-chunked-upload-client', source: 'dist/client', packed: packedClient },
];

describe.each(PACKAGES)('$name, as it is packed,', ({ source, packed }) => {
  it('keeps the rules of publint', async () => {
    const file = await readFile(await packed());
    const tarball = file.buffer.slice(file.byteOffset, file.byteOffset + file.length);
    const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('has types of the right kind for every way to resolve it', async () => {
    const attw = join(ROOT, 'node_modules/.bin/attw');
    const { stdout } = await run(attw, [await packed(), '--format', 'ascii']).catch(
      ({ stdout: problems }: { stdout: string }) => Promise.reject(new Error(problems)),
    );
    expect(stdout).toContain('No problems found');
  });

  it('names as its dependencies what it was built with', async () => {
    const { dependencies } = await readManifest(source);
    expect(Object.keys(dependencies)).toContain('hash-wasm');
  });
});
