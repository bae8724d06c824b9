import type { StorageProvider } from '../storage/storage.provider.js';
import { attemptCases } from './contract-attempts.cases.js';
import { inventoryCases } from './contract-inventory.cases.js';
import { largeCases } from './contract-large.cases.js';
import { readingCases } from './contract-reading.cases.js';
import { unfinishedCases } from './contract-unfinished.cases.js';
import { writingCases } from './contract-writing.cases.js';
import type { StorageGaps, TestFramework } from './storage-contract.types.js';

export interface StorageContractOptions {
  /** What the storage leaves out, each with its reason: tested is then that it really does. */
  readonly gaps?: StorageGaps;
}

/**
 * What every storage must do, as tests: `describeStorageContract({ describe, it }, 'my storage',
 * () => new MyStorage())`. `create` is asked for a fresh provider over the same store again and
 * again: nothing that matters may live in the provider. The largest cases write 70 MiB.
 */
export function describeStorageContract(
  { describe, it }: TestFramework,
  name: string,
  create: () => StorageProvider | Promise<StorageProvider>,
  { gaps = {} }: StorageContractOptions = {},
): void {
  describe(`${name} keeps the storage contract`, () => {
    const cases = { it, create };
    writingCases(cases);
    attemptCases(cases);
    readingCases(cases);
    unfinishedCases(cases, gaps.readUnfinished);
    inventoryCases(cases);
    largeCases(cases, gaps.listAbandoned);
  });
}
