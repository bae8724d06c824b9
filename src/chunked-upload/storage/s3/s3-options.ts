import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { LARGEST_PART, MOST_PARTS, SMALLEST_PART } from './part-plan.js';

const MIB = 1024 * 1024;

interface S3StorageSettings {
  /** It must be there: the storage makes none. */
  readonly bucket: string;
  /** The folder of the bucket that holds everything. Default: the bucket itself. */
  readonly prefix?: string;
  /**
   * The least size of a part, in bytes: 5 MiB to 5 GiB. Default: what fits the client's chunks, 5 to
   * 16 MiB, and more where a file would have too many parts. While the size of a file is not known
   * yet, it can have no more than `maxParts` of these.
   */
  readonly partSize?: number;
  /** Parts of one upload that are sent at the same time. Default: 2. */
  readonly concurrency?: number;
  /**
   * Bytes that all uploads of the process may hold on their way to the store, at least 16 MiB.
   * Default: 64 MiB, or half of the module's `memory` if that is less.
   */
  readonly memory?: number;
  /** Parts that the store takes for one file. Default: 10000, as most do; Scaleway takes 1000. */
  readonly maxParts?: number;
  /**
   * How a file is downloaded: `'stream'` (default) through the application; `'redirect'` from the
   * store itself, by a signed URL. That wants `@aws-sdk/s3-request-presigner`.
   */
  readonly download?: 'stream' | 'redirect';
  /** Encryption at rest that the store is asked for. Default: what the bucket says. */
  readonly serverSideEncryption?: 'AES256' | 'aws:kms' | 'aws:kms:dsse';
  /** The key for `'aws:kms'`: its id or ARN. Default: the account's. */
  readonly sseKmsKeyId?: string;
  /** Of the finished files, such as `'STANDARD_IA'`. Default: the bucket's. */
  readonly storageClass?: string;
}

/** With a client of the host's. */
interface WithClient {
  readonly client: S3Client;
}

/** Or with what it takes to make one. */
interface WithConnection {
  /** Such as `'eu-central-1'`; `'auto'` for Cloudflare R2. */
  readonly region: string;
  /** Of a store other than AWS, such as `'http://localhost:9000'`. */
  readonly endpoint?: string;
  /** Default: where the SDK looks for them (environment, profile, role). */
  readonly credentials?: S3ClientConfig['credentials'];
  /** Whether the bucket stands in the path of a URL and not in its host. Default: with an `endpoint`. */
  readonly forcePathStyle?: boolean;
}

export type S3StorageOptions = S3StorageSettings & (WithClient | WithConnection);

/** Options that have been checked, and what they leave out. */
export interface CheckedOptions extends Pick<
  S3StorageSettings,
  'bucket' | 'serverSideEncryption' | 'sseKmsKeyId' | 'storageClass'
> {
  /** Empty, or with a slash at its end. */
  readonly prefix: string;
  readonly partSize: number | null;
  readonly concurrency: number;
  readonly memory: number | null;
  readonly maxParts: number;
  readonly download: 'stream' | 'redirect';
  readonly connection: WithClient | WithConnection;
}

const ENCRYPTIONS = ['AES256', 'aws:kms', 'aws:kms:dsse'];

const KNOWN = new Set([
  'bucket',
  'prefix',
  'client',
  'region',
  'endpoint',
  'credentials',
  'forcePathStyle',
  'partSize',
  'concurrency',
  'memory',
  'maxParts',
  'download',
  'serverSideEncryption',
  'sseKmsKeyId',
  'storageClass',
]);

/** @throws TypeError that names the option, and shows a right value */
export function checkOptions(options: S3StorageOptions): CheckedOptions {
  const given: Record<string, unknown> = { ...options };
  for (const name of Object.keys(given)) {
    if (!KNOWN.has(name)) fail(name, `is not known. Known are: ${[...KNOWN].join(', ')}`);
  }
  const text = (name: string, example: string): string => {
    const value = given[name];
    if (typeof value === 'string' && value !== '') return value;
    return fail(name, `must be a text such as '${example}'`);
  };
  const optionalText = (name: string, example: string): string | undefined =>
    given[name] === undefined ? undefined : text(name, example);
  const count = (name: string, { least, most }: { least: number; most: number }, shown: string) => {
    const value = given[name];
    if (value === undefined) return null;
    const fits = Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
    return fits ? Number(value) : fail(name, `must be ${shown}`);
  };
  const choice = <V extends string>(name: string, values: readonly V[]): V | undefined => {
    const value = given[name];
    if (value === undefined || values.includes(value as V)) return value as V | undefined;
    return fail(name, `must be one of ${values.map((each) => `'${each}'`).join(', ')}`);
  };
  const parts = { least: SMALLEST_PART, most: LARGEST_PART };
  const encryption = choice('serverSideEncryption', ENCRYPTIONS);
  const sseKmsKeyId = optionalText('sseKmsKeyId', 'arn:aws:kms:…');
  if (sseKmsKeyId !== undefined && !encryption?.startsWith('aws:kms')) {
    fail('sseKmsKeyId', `wants serverSideEncryption: 'aws:kms'`);
  }
  return {
    bucket: text('bucket', 'my-uploads'),
    prefix: prefixOf(optionalText('prefix', 'uploads') ?? ''),
    partSize: count(
      'partSize',
      parts,
      'a number of bytes from 5 MiB to 5 GiB, such as 8 * 1024 * 1024',
    ),
    concurrency:
      count('concurrency', { least: 1, most: 100 }, 'a number from 1 to 100, such as 2') ?? 2,
    memory: count(
      'memory',
      { least: 16 * MIB, most: Number.MAX_SAFE_INTEGER },
      'a number of bytes, 16 MiB at the least, such as 64 * 1024 * 1024',
    ),
    maxParts:
      count('maxParts', { least: 2, most: MOST_PARTS }, 'a number from 2 to 10000, such as 1000') ??
      MOST_PARTS,
    download: choice('download', ['stream', 'redirect']) ?? 'stream',
    ...(encryption !== undefined && { serverSideEncryption: encryption as 'AES256' }),
    ...(sseKmsKeyId !== undefined && { sseKmsKeyId }),
    ...(given['storageClass'] !== undefined && {
      storageClass: text('storageClass', 'STANDARD_IA'),
    }),
    connection: connectionOf(options, given),
  };
}

function connectionOf(
  options: S3StorageOptions,
  given: Record<string, unknown>,
): WithClient | WithConnection {
  if ('client' in options && given['client'] !== undefined) {
    const { send } = given['client'] as { send?: unknown };
    if (typeof send !== 'function') fail('client', `must be an S3Client of '@aws-sdk/client-s3'`);
    for (const name of ['region', 'endpoint', 'credentials', 'forcePathStyle']) {
      if (given[name] !== undefined)
        fail(name, 'is the business of the given "client": leave it out');
    }
    return { client: options.client };
  }
  if (typeof given['region'] !== 'string' || given['region'] === '') {
    fail('region', `must be a text such as 'eu-central-1' ('auto' for R2), or give a "client"`);
  }
  const { endpoint } = given;
  if (endpoint !== undefined && !(typeof endpoint === 'string' && URL.canParse(endpoint))) {
    fail('endpoint', `must be a URL such as 'http://localhost:9000'`);
  }
  return options;
}

function prefixOf(prefix: string): string {
  const folder = prefix.replace(/^\/+|\/+$/g, '');
  return folder === '' ? '' : `${folder}/`;
}

function fail(option: string, sentence: string): never {
  throw new TypeError(`S3Storage: the option "${option}" ${sentence}`);
}
