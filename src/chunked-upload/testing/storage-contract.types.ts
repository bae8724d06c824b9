import type { StorageProvider } from '../storage/storage.provider.js';

/** The two functions that vitest, jest, mocha and node:test have in common. */
export interface TestFramework {
  readonly describe: (name: string, define: () => void) => unknown;
  readonly it: (name: string, run: () => Promise<void>) => unknown;
}

/** What a storage may leave out, and then says so. */
export type StorageGap = 'readUnfinished';

/** What the cases of the contract are made of. */
export interface ContractCases extends Pick<TestFramework, 'it'> {
  readonly create: () => StorageProvider | Promise<StorageProvider>;
}
