import type { S3StorageOptions } from 'nestjs-chunked-upload/s3';
import type { S3Double } from 'nestjs-chunked-upload/testing';
import './r2-name.mjs';
import type { S3Access } from './s3-client.js';

const USUAL_PARTS = 10_000;

/** Where a store is, and what the README says that an application tells a storage of it. */
export type StoreOptions = S3Access & Pick<S3StorageOptions, 'maxParts'>;

/** So that a storage takes the double for the store that it behaves like. */
export function storeOptions({ endpoint, region, credentials, rules }: S3Double): StoreOptions {
  const { maxParts, failedReplacementLosesPart: isR2 } = rules;
  const { port } = new URL(endpoint);
  return {
    endpoint: isR2 ? `http://account.r2.cloudflarestorage.com:${port}` : endpoint,
    region,
    credentials,
    ...(maxParts < USUAL_PARTS && { maxParts }),
  };
}
