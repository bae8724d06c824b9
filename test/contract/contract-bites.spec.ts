import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StorageProvider } from 'nestjs-chunked-upload';
import {
  MemoryStorage,
  type StorageContractOptions,
  describeStorageContract,
} from 'nestjs-chunked-upload/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sabotages } from './sabotages.js';

// Cases that take long, and are run only with a storage that fails them.
const SLOW = /MiB/;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sabotages-'));
});
afterAll(() => rm(root, { recursive: true }));

function contractOf(create: () => StorageProvider, options?: StorageContractOptions) {
  const cases = new Map<string, () => Promise<void>>();
  const framework = {
    describe: (_: string, define: () => void) => define(),
    it: (name: string, run: () => Promise<void>) => void cases.set(name, run),
  };
  describeStorageContract(framework, 'a storage', create, options);
  return cases;
}

const names = [...contractOf(() => new MemoryStorage()).keys()];

describe('The storage contract', () => {
  it.each(names)('%s: some storage fails it', (name) => {
    const patterns = Object.values(sabotages).flatMap(({ fails }) => fails);
    expect(patterns.some((pattern) => pattern.test(name))).toBe(true);
  });

  it.each(Object.entries(sabotages))('finds out a storage that %s', async (what, sabotage) => {
    const { fails, make } = sabotage;
    const storage = make(join(root, what));
    const expected = names.filter((name) => fails.some((pattern) => pattern.test(name)));
    const failed: string[] = [];
    for (const [name, run] of contractOf(() => storage)) {
      if (SLOW.test(name) && !expected.includes(name)) continue;
      await run().catch(() => failed.push(name));
    }
    expect(failed).toEqual(expected);
  });

  it.each([
    ['readUnfinished', 'cannot read back what is unfinished, as declared: why'],
    ['listAbandoned', 'cannot list many MiB that were never committed, as declared: why'],
  ])('finds out a gap that is declared and none: %s', async (gap, name) => {
    const storage = new MemoryStorage();
    const cases = contractOf(() => storage, { gaps: { [gap]: 'why' } });
    const declared = [...cases.keys()].filter((each) => !names.includes(each));
    expect(declared).toEqual([name]);
    await expect(cases.get(name)?.()).rejects.toThrow();
  });
});
