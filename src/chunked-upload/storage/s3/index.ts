import '../../loaded-once.js';
export type { S3StorageOptions } from './s3-options.js';
export { S3Storage } from './s3.storage.js';
