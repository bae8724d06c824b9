import './chunked-upload/loaded-once.js';
export { ChunkedUploadModule } from './chunked-upload/chunked-upload.module.js';
export { ChunkedUploadService } from './chunked-upload/chunked-upload.service.js';
export type {
  AppendInput,
  BeginInput,
  BodyInput,
  CompleteInput,
  CompletedUpload,
  CreateInput,
  FindByOwnerInput,
  FindInput,
  NewUploadInput,
  OwnerReference,
  OwnerTarget,
  UploadFields,
  UploadPage,
  WholeInput,
} from './chunked-upload/chunked-upload.inputs.js';
export type {
  Removal,
  RemoveExpiredOptions,
  RemoveExpiredResult,
} from './chunked-upload/engine/remove-expired.js';
export type {
  Finding,
  MissingBytes,
  ReconcileOptions,
  ReconcileResult,
  StrayBytes,
} from './chunked-upload/engine/reconcile.js';
export {
  InjectChunkedUpload,
  getChunkedUploadToken,
} from './chunked-upload/chunked-upload.tokens.js';
export type {
  CompletionContext,
  OnComplete,
  RequestWithUser,
  SizeLimit,
  SizeLimits,
  UploadAccess,
  UploadContext,
  UserId,
  UserOf,
} from './chunked-upload/chunked-upload.context.js';
export type {
  AdminOptions,
  ChunkedUploadExtras,
  CleanupOptions,
  ChunkedUploadOptions,
  ChunkedUploadRootOptions,
  ChunkedUploadTypeOptions,
  UploadTypeAsyncOptions,
  UploadTypeOptions,
} from './chunked-upload/chunked-upload.options.js';
export type { OwnerEntity, OwnerOptions, Owners } from './chunked-upload/owners/owner-options.js';
export {
  type PolicyStage,
  type PolicySubject,
  type PolicyVerdict,
  UploadPolicy,
} from './chunked-upload/policies/upload.policy.js';
export {
  AbstractChunkedUpload,
  ChunkedUpload,
  ChunkedUploadStatus,
} from './chunked-upload/chunked-upload.entity.js';
export {
  ChunkedUploadError,
  type ChunkedUploadErrorCode,
  type ErrorDetail,
} from './chunked-upload/chunked-upload.errors.js';
export {
  ChunkedUploadEvent,
  type ChunkedUploadEventKind,
  type ChunkedUploadEventName,
} from './chunked-upload/events/chunked-upload.event.js';
export {
  type BytesReceived,
  type BytesSalvaged,
  CHUNKED_UPLOAD_CHANNELS,
  type ChunkedUploadMeasurementName,
  type ChunkedUploadMeasurements,
  type OperationTimed,
  type UploadBegun,
  type UploadCompleted,
  type UploadMeasurement,
  type UploadRefused,
  type WriterAwaited,
  type WriterTakenOver,
  type WritersRunning,
} from './chunked-upload/measurements/measurements.js';
export { UploadSteps } from './chunked-upload/protocols/http/upload-steps.js';
export { ChunkedUploadController } from './chunked-upload/protocols/content-range/content-range.controller.js';
export type { HostRequest, HostResponse } from './chunked-upload/protocols/http/host-request.js';
export { ChunkedUploadExceptionFilter } from './chunked-upload/protocols/http/chunked-upload-exception.filter.js';
export {
  representUpload,
  type UploadRepresentation,
} from './chunked-upload/protocols/http/representation.js';
export {
  type ByteRange,
  type DownloadUrlOptions,
  type FinishOptions,
  type JsonValue,
  type OpenOptions,
  type ReadOptions,
  StorageProvider,
  type StorageState,
  type StorageWriter,
  type StoredBytes,
  type StoredFile,
} from './chunked-upload/storage/storage.provider.js';
export {
  type LocalDiskOptions,
  LocalDiskStorage,
} from './chunked-upload/storage/local-disk.storage.js';
export { resolveKey } from './chunked-upload/storage/storage-key.js';
export type { ChecksumAlgorithm } from './chunked-upload/checksum/algorithms.js';
export { chunkedUploadMigrations } from './chunked-upload/migrations/index.js';
export { createUploadTable } from './chunked-upload/migrations/create-upload-table.js';
export { updateUploadTable } from './chunked-upload/migrations/update-upload-table.js';
export { CHUNKED_UPLOAD_CORS } from './chunked-upload/protocols/cors.js';
