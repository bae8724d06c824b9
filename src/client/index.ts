import './loaded-once.js';
export { ChunkedUpload } from './chunked-upload.js';
export { type ConnectOptions } from './connect.js';
export { discardUpload } from './discard-upload.js';
export { type ChecksumAlgorithm } from './file-checksum.js';
export { type ChunkedUploadOptions, type Retry } from './options.js';
export { type Progress, type UploadState } from './progress.js';
export { type HeaderSource } from './request-headers.js';
export { type Representation, type UploadStatus } from './representation.js';
export {
  type Credentials,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from './transport.js';
export { type ErrorDetail, UploadError, type UploadErrorCode } from './upload-error.js';
export {
  type Fingerprint,
  type KeyValueStorage,
  type RememberedUpload,
  UploadMemory,
} from './upload-memory.js';
export {
  type AddOptions,
  type ChosenFile,
  type FileRuleOptions,
  type QueueItem,
  type QueueItemError,
  type QueueItemState,
  type QueueSnapshot,
  type QueueTexts,
  type Refusal,
  UploadQueue,
  type UploadQueueOptions,
} from './queue/index.js';
