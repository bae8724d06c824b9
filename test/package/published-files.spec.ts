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
  { name: 'nestjs-chunked-upload', packed: packedServer },
  { name: 'nestjs-chunked-upload-client', packed: packedClient },
];

describe.each(PACKAGES)('$name, as it is packed,', ({ packed }) => {
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
});

// The states of a sum go back and forth between the hashing thread, whose program contains a copy,
// and the package that is installed: another version may not understand them.
it('the server wants just the hash-wasm that its hashing thread has been built with', async () => {
  const { dependencies } = await readManifest();
  const installed = await readManifest('node_modules/hash-wasm');
  expect(dependencies['hash-wasm']).toBe(installed.version);
});
