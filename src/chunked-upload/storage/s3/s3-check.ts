import { loadPresigner } from './download-url.js';
import type { S3Bucket } from './s3-bucket.js';
import { isAmazons } from './s3-client.js';
import { S3Error } from './s3-errors.js';
import type { S3Parts } from './s3-parts.js';

/**
 * Whether uploads can be stored at all.
 * @returns a warning of less; null: all is well
 * @throws Error that says what is wrong, and how it is cured
 */
export async function checkBucket({ bucket, store }: S3Parts): Promise<string | null> {
  try {
    await bucket.requireBucket();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const sentence = `The bucket ${JSON.stringify(bucket.name)} cannot be used (${reason})`;
    throw new Error(`${sentence}. ${cureOf(error)}`, { cause: error });
  }
  const { download, memory } = bucket.options;
  if (download === 'redirect') await loadPresigner();
  const settings = await oddSettings(bucket);
  const { limit } = store.memory;
  const cut =
    memory !== null && memory > limit
      ? `The option "memory" of S3Storage is cut to ${limit} bytes: the module's own "memory" has ` +
        'no room for more; raise that'
      : null;
  return [settings, cut].filter((each) => each !== null).join('. ') || null;
}

function cureOf(error: unknown): string {
  const status = error instanceof S3Error ? error.status : null;
  if (status === 404) return 'Create it, or name another as "bucket".';
  if (status === 301) return 'It is in another "region".';
  if (status === 403 || status === 401) {
    return 'Let these credentials list, read, write and delete in it, and see that the keys are right.';
  }
  return 'See that the store runs, and that "endpoint" and "region" are right.';
}

/** Of a client that the host has made. */
async function oddSettings({ client, options }: S3Bucket): Promise<string | null> {
  if (!('client' in options.connection)) return null;
  const { requestChecksumCalculation } = client.config;
  const calculated = await requestChecksumCalculation();
  if (calculated === 'WHEN_REQUIRED' || isAmazons(client)) return null;
  return (
    'The S3Client has requestChecksumCalculation: "WHEN_SUPPORTED", which is the default: many ' +
    'stores refuse these checksums, or store them with the bytes; make it "WHEN_REQUIRED"'
  );
}
