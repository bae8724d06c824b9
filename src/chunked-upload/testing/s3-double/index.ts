export { S3_FAULTS, type S3Fault, type S3FaultOptions, S3PlannedFault } from './faults.js';
export { S3_MODES, type S3Mode } from './modes.js';
export { S3Double, type S3DoubleOptions } from './s3-double.js';
export {
  S3_OPERATIONS,
  type S3Answer,
  type S3Call,
  type S3Hook,
  type S3LogEntry,
  type S3Operation,
  type S3Outcome,
  type S3Rules,
  type S3Stored,
} from './s3-double.types.js';
export { S3Error } from './s3-error.js';
