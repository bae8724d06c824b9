import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalDiskStorage, type StorageProvider } from '../index.js';
import type { S3Settings, Settings } from './settings.js';

/** A store that is started with the demo may need a while. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 1000;

/** Where the demo's files are: in a bucket, where the environment names one, else on the disk. */
export async function openStorage({ dataDir, s3 }: Settings): Promise<StorageProvider> {
  if (!s3) return new LocalDiskStorage({ root: join(dataDir, 'media') });
  await createBucket(s3);
  const { S3Storage } = await import('../chunked-upload/storage/s3/index.js');
  return new S3Storage(s3);
}

async function createBucket({ bucket, ...connection }: S3Settings): Promise<void> {
  const { CreateBucketCommand, HeadBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
  const client = new S3Client({
    ...connection,
    forcePathStyle: connection.endpoint !== undefined,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await client.send(new HeadBucketCommand({ Bucket: bucket }));
      break;
    } catch (error) {
      if (isMissing(error)) {
        // Several processes may start at once: then all but one are too late.
        await client.send(new CreateBucketCommand({ Bucket: bucket })).catch(unlessThere);
        break;
      }
      if (isRefusal(error) || performance.now() > giveUpAt) throw error;
      await sleep(PAUSE_MS);
    }
  }
  client.destroy();
}

function statusOf(error: unknown): number {
  const { $metadata } = Object(error) as { $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode ?? 0;
}

function isMissing(error: unknown): boolean {
  return statusOf(error) === 404;
}

function isRefusal(error: unknown): boolean {
  const status = statusOf(error);
  return status >= 400 && status < 500;
}

function unlessThere(error: unknown): void {
  const { name } = Object(error) as { name?: string };
  if (name !== 'BucketAlreadyOwnedByYou' && name !== 'BucketAlreadyExists') throw error;
}
