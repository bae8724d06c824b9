import { execFile } from 'node:child_process';
import { createHook } from 'node:async_hooks';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LocalDiskStorage, type OpenOptions, type StoredFile } from 'nestjs-chunked-upload';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openOptions, undisturbed } from '../support/open-options.js';

// Each call of the file system goes through another thread, which for small files costs more than
// the bytes: whoever adds one to these should know that.

const run = promisify(execFile);
const bytes = [Buffer.alloc(64 * 1024, 'b')];

let root: string;
let storage: LocalDiskStorage;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'calls-'));
  storage = new LocalDiskStorage({ root });
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function callsOf(work: () => Promise<void>): Promise<number> {
  let calls = 0;
  const hook = createHook({
    init: (_, type) => {
      if (type === 'FSREQPROMISE' || type === 'FILEHANDLECLOSEREQ') calls += 1;
    },
  });
  hook.enable();
  try {
    await work();
  } finally {
    hook.disable();
  }
  return calls;
}

async function chunk(file: StoredFile, given: Partial<OpenOptions> = {}): Promise<void> {
  const writer = await storage.open(file, openOptions(given));
  await writer.write(bytes);
  await writer.sync();
  await writer.close();
}

async function whole(file: StoredFile): Promise<void> {
  const writer = await storage.open(file, openOptions());
  await writer.write(bytes);
  await writer.finish?.();
  await writer.close();
}

const fileOf = (name: string): StoredFile => ({
  key: `a/${name}.part`,
  finalKey: `a/${name}.done`,
  storageState: null,
});

describe('LocalDiskStorage calls the file system', () => {
  // The first makes the folder, and opens it to sync it. In a second it would be closed again.
  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    await chunk(fileOf('first'));
  });
  afterAll(() => {
    vi.runAllTimers();
    vi.useRealTimers();
  });

  it('6 times for a first chunk: open, write, three of its syncing, close', async () => {
    expect(await callsOf(() => chunk(fileOf('x')))).toBe(6);
  });

  it('5 times for a next chunk: open, its size, write, sync, close', async () => {
    await chunk(fileOf('y'));
    expect(await callsOf(() => chunk(fileOf('y'), { offset: 65_536 }))).toBe(5);
  });

  it('3 times for a completion: its size, rename, sync', async () => {
    await chunk(fileOf('z'));
    const finish = async () => void (await storage.finish(fileOf('z'), 65_536, undisturbed));
    expect(await callsOf(finish)).toBe(3);
  });

  it('6 times for a file that comes whole: open, write, rename, two syncs, close', async () => {
    expect(await callsOf(() => whole(fileOf('w')))).toBe(6);
  });

  it('less than 6 times for each of many files at once, which share the syncs of the folder', async () => {
    const files = Array.from({ length: 64 }, (_, n) => fileOf(`many-${n}`));
    const calls = await callsOf(async () => void (await Promise.all(files.map(whole))));
    expect(calls / files.length).toBeLessThan(5.5);
  });
});

it('A process that has used a LocalDiskStorage ends by itself, without a warning', async () => {
  const script = `
    const { LocalDiskStorage } = await import(process.argv[1]);
    const storage = new LocalDiskStorage({ root: process.argv[2] });
    const file = { key: 'e/x.part', finalKey: 'e/x.done', storageState: null };
    const writer = await storage.open(file, ${JSON.stringify(openOptions())});
    await writer.write([Buffer.from('abc')]);
    await writer.sync();
    await writer.close();
    await storage.finish(file, 3, ${JSON.stringify(undisturbed)});
    for (let round = 0; round < 5; round += 1) {
      gc();
      await new Promise(setImmediate);
    }`;
  const build = new URL('../../dist/index.js', import.meta.url).pathname;
  const flags = ['--expose-gc', '--trace-warnings', '--input-type=module', '-e', script];
  const start = performance.now();
  const { stderr } = await run(process.execPath, [...flags, build, root]);
  expect(stderr).toBe('');
  expect(performance.now() - start).toBeLessThan(20_000);
});
