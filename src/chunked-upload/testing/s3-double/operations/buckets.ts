import type { S3Answer, S3Call } from '../s3-double.types.js';
import { S3Error } from '../s3-error.js';
import type { Store } from '../store.js';
import { empty } from './answers.js';

const NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export function createBucket({ buckets }: Store, { bucket }: S3Call): S3Answer {
  if (!NAME.test(bucket)) {
    throw new S3Error(
      400,
      'InvalidBucketName',
      'A bucket has 3 to 63 small letters, digits, - or .',
    );
  }
  if (buckets.has(bucket)) {
    throw new S3Error(409, 'BucketAlreadyOwnedByYou', 'There is such a bucket already');
  }
  buckets.set(bucket, new Map());
  return empty(200, { location: `/${bucket}` });
}

export function headBucket(store: Store, { bucket }: S3Call): S3Answer {
  store.objects(bucket);
  return empty();
}
