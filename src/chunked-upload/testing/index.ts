import '../loaded-once.js';
export {
  type Fault,
  FaultInjectingStorage,
  type FaultMoment,
  type StorageOperation,
} from './fault-injecting.storage.js';
export { MemoryStorage } from './memory.storage.js';
export { describeStorageContract, type StorageContractOptions } from './storage-contract.js';
export type { StorageGap, TestFramework } from './storage-contract.types.js';
