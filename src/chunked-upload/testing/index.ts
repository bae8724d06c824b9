import '../loaded-once.js';
export {
  type Fault,
  FaultInjectingStorage,
  type FaultMoment,
  type StorageOperation,
} from './fault-injecting.storage.js';
export { MemoryStorage } from './memory.storage.js';
export { describeStorageContract, type StorageContractOptions } from './storage-contract.js';
export type { StorageGap, StorageGaps, TestFramework } from './storage-contract.types.js';
export {
  S3_FAULTS,
  S3_MODES,
  S3_OPERATIONS,
  type S3Answer,
  type S3Call,
  S3Double,
  type S3DoubleOptions,
  S3Error,
  type S3Fault,
  type S3FaultOptions,
  type S3Hook,
  type S3LogEntry,
  type S3Mode,
  type S3Operation,
  type S3Outcome,
  S3PlannedFault,
  type S3Rules,
  type S3Stored,
} from './s3-double/index.js';
