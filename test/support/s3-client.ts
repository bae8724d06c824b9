import { createHash } from 'node:crypto';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

/** Where an S3 store is, be it real or a double. */
export interface S3Access {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** A client that asks for nothing that not every store has. */
export function s3Client(access: S3Access, options: S3ClientConfig = {}): S3Client {
  const { endpoint, region, credentials } = access;
  const client = new S3Client({
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    ...options,
  });
  // Of DeleteObjects a sum is required, and the SDK's own is one that older stores do not know.
  client.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        if (commandName !== 'DeleteObjectsCommand') return next(args);
        const { request } = args as { request: { headers: Record<string, string>; body: unknown } };
        for (const name of Object.keys(request.headers)) {
          if (/^x-amz-(checksum-|sdk-checksum)/.test(name)) delete request.headers[name];
        }
        const md5 = createHash('md5').update(request.body as string);
        request.headers['content-md5'] = md5.digest('base64');
        return next(args);
      },
    { step: 'build', priority: 'low', name: 'contentMd5OfDeleteObjects' },
  );
  return client;
}
