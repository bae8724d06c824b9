import type { StorageProvider } from '../storage/storage.provider.js';

/** The two functions that vitest, jest, mocha and node:test have in common. */
export interface TestFramework {
  readonly describe: (name: string, define: () => void) => unknown;
  readonly it: (name: string, run: () => Promise<void>) => unknown;
}

/**
 * What a storage may leave out, and then says so. `readUnfinished`: that method. `listAbandoned`:
 * `list` does not find what a writer left that never committed, where nothing else of its upload is
 * there: it stays until the store removes it by itself.
 */
export type StorageGap = 'readUnfinished' | 'listAbandoned';

/** What it leaves out, and why. */
export type StorageGaps = Readonly<Partial<Record<StorageGap, string>>>;

/** What the cases of the contract are made of. */
export interface ContractCases extends Pick<TestFramework, 'it'> {
  readonly create: () => StorageProvider | Promise<StorageProvider>;
}
