import type { S3StorageOptions } from 'nestjs-chunked-upload/s3';
import type { S3Double } from 'nestjs-chunked-upload/testing';
import './r2-name.mjs';
import type { S3Access } from './s3-client.js';

const USUAL_PARTS = 10_000;

/** Where a store is, and what the README says that an application tells a storage of it. */
export type StoreOptions = S3Access & Pick<S3StorageOptions, 'maxParts'>;

/** What is at this URL, named as R2 is. */
export function r2Name(url: string): string {
  return `http://account.r2.cloudflarestorage.com:${new URL(url).port}`;
}

/** So that a storage takes the double for the store that it behaves like. */
export function storeOptions(double: Pick<S3Double, keyof S3Access | 'rules'>): StoreOptions {
  const { endpoint, region, credentials, rules } = double;
  const { maxParts, failedReplacementLosesPart: isR2 } = rules;
  return {
    endpoint: isR2 ? r2Name(endpoint) : endpoint,
    region,
    credentials,
    ...(maxParts < USUAL_PARTS && { maxParts }),
  };
}
