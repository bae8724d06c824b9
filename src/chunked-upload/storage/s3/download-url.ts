import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import type { DownloadUrlOptions } from '../storage.provider.js';
import type { S3Bucket } from './s3-bucket.js';

/** Seconds: it has to be good when the download begins, and each time that it is taken up again. */
const GOOD_FOR = 900;

const MISSING =
  `S3Storage: download: 'redirect' wants the package @aws-sdk/s3-request-presigner: ` +
  'npm install @aws-sdk/s3-request-presigner';

/** Signs a request for an object. What it answers says nothing of sniffing: S3 has no word for that. */
export async function signedDownloadUrl(
  bucket: S3Bucket,
  key: string,
  { method, contentDisposition, contentType }: DownloadUrlOptions,
): Promise<string> {
  const { getSignedUrl } = await loadPresigner();
  const input = {
    ...bucket.place(key),
    ResponseContentDisposition: contentDisposition,
    ResponseContentType: contentType,
    ResponseCacheControl: 'private, no-cache',
  };
  const command = method === 'HEAD' ? new HeadObjectCommand(input) : new GetObjectCommand(input);
  return getSignedUrl(bucket.client, command, { expiresIn: GOOD_FOR });
}

/** @throws Error that says how it is come by */
export async function loadPresigner(): Promise<typeof import('@aws-sdk/s3-request-presigner')> {
  try {
    return await import('@aws-sdk/s3-request-presigner');
  } catch (error) {
    throw new Error(MISSING, { cause: error });
  }
}
