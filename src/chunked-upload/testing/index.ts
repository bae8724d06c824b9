export {
  type Fault,
  FaultInjectingStorage,
  type StorageOperation,
} from './fault-injecting.storage.js';
export { MemoryStorage } from './memory.storage.js';
export { describeStorageContract, type TestFramework } from './storage-contract.js';
