import ms from 'ms';
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from './checksum/algorithms.js';
import { Checksum } from './checksum/checksum.js';
import type { ChunkedUploadTypeOptions, SizeLimit } from './chunked-upload.options.js';
import { LocalDiskStorage } from './storage/local-disk.storage.js';
import { StorageProvider } from './storage/storage.provider.js';
import type { UploadType } from './engine/upload-type.js';

const DEFAULTS = {
  uploadPath: 'chunked_uploads/%Y/%m/%d',
  incompleteExt: '.part',
  completeExt: '.done',
  expiresIn: '1d',
  expiry: 'creation',
  leaseTime: '10s',
  userRestricted: true,
  user: (request: { user?: { id?: string | number | bigint | null } }) => request.user?.id ?? null,
  minBytes: 0,
  maxBytes: null,
  fieldName: 'file',
  checksum: 'md5',
} satisfies ChunkedUploadTypeOptions;

const KEYS: Record<keyof ChunkedUploadTypeOptions, true> = {
  storage: true,
  uploadPath: true,
  incompleteExt: true,
  completeExt: true,
  expiresIn: true,
  expiry: true,
  leaseTime: true,
  userRestricted: true,
  user: true,
  minBytes: true,
  maxBytes: true,
  fieldName: true,
  checksum: true,
  onComplete: true,
};

/** Keys of the options that say how modules are put together; checked where that is done. */
export const EXTRA_KEYS = ['path', 'entity', 'controller', 'dataSource', 'imports'] as const;

/** Checks options and fills in defaults. @throws TypeError with a sentence that names the option. */
export function createUploadType(path: string, given: ChunkedUploadTypeOptions): UploadType {
  rejectUnknownKeys(given, Object.keys(KEYS));
  const options = { ...DEFAULTS, ...withoutUndefined(given) };
  const { checksum, minBytes, maxBytes } = options;
  if (typeof minBytes === 'number' && typeof maxBytes === 'number' && minBytes > maxBytes) {
    fail('minBytes', 'must not be above "maxBytes"');
  }
  return {
    path,
    storage: storage(options.storage),
    uploadPath: uploadPath(options.uploadPath),
    incompleteExt: extension('incompleteExt', options.incompleteExt),
    completeExt: extension('completeExt', options.completeExt),
    expiresInMs: options.expiresIn === null ? null : duration('expiresIn', options.expiresIn),
    rollingExpiry: oneOf('expiry', options.expiry, ['creation', 'rolling']) === 'rolling',
    leaseMs: duration('leaseTime', options.leaseTime, 1000),
    userRestricted: typed('userRestricted', options.userRestricted, 'boolean'),
    user: typed('user', options.user, 'function'),
    minBytes: sizeLimit('minBytes', options.minBytes),
    maxBytes: sizeLimit('maxBytes', options.maxBytes),
    fieldName: fieldName(options.fieldName),
    checksum: checksum === false ? null : new Checksum(algorithm(checksum)),
    onComplete:
      given.onComplete === undefined ? null : typed('onComplete', given.onComplete, 'function'),
  };
}

/** @throws TypeError that names the key, and the option that may have been meant */
export function rejectUnknownKeys(options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const early: readonly string[] = EXTRA_KEYS;
    if (early.includes(key)) fail(key, 'must be given beside the factory, not by it');
    const near = known.find((name) => name.toLowerCase() === key.toLowerCase());
    const hint = near ? `; did you mean "${near}"?` : ` (there are: ${known.join(', ')})`;
    fail(key, `is not an option${hint}`);
  }
}

function storage(value: unknown): StorageProvider {
  if (value === undefined) return new LocalDiskStorage({ root: 'media' });
  const methods = ['open', 'finish', 'createReadStream', 'remove'] as const;
  const provider = value as StorageProvider | null;
  if (provider && methods.every((method) => typeof provider[method] === 'function'))
    return provider;
  return fail('storage', 'must be a StorageProvider, such as new LocalDiskStorage({ root })');
}

function uploadPath(value: unknown): string {
  if (typeof value !== 'string') return fail('uploadPath', 'must be a string');
  const path = value.replace(/\/+$/, '');
  const segments = path.split('/');
  if (
    /[\0\\]/.test(path) ||
    segments.some((part) => part === '..' || part === '.' || part === '')
  ) {
    fail('uploadPath', 'must be a relative path without empty segments, "." or ".."');
  }
  return path;
}

function extension(name: string, value: unknown): string {
  if (typeof value === 'string' && /^[\w.-]{0,32}$/.test(value)) return value;
  return fail(name, 'must be a string such as ".part"');
}

function duration(name: string, value: unknown, least = 1): number {
  const millis = typeof value === 'string' ? parseDuration(value) : value;
  if (typeof millis === 'number' && Number.isFinite(millis) && millis >= least) return millis;
  return fail(
    name,
    `must be at least ${least} milliseconds, as a number or a duration such as "1d"`,
  );
}

// Of a text that cannot be one, `ms` throws an error of its own.
function parseDuration(text: string): number {
  return text === '' || text.length > 100 ? Number.NaN : ms(text as ms.StringValue);
}

function sizeLimit(name: string, value: unknown): SizeLimit {
  if (value === null || typeof value === 'function') return value as SizeLimit;
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  return fail(
    name,
    'must be a whole number of bytes, null, or a function that returns one of them',
  );
}

function fieldName(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  return fail('fieldName', 'must be a name that is not empty');
}

function algorithm(value: unknown): ChecksumAlgorithm {
  return oneOf('checksum', value, Object.keys(CHECKSUM_ALGORITHMS)) as ChecksumAlgorithm;
}

function oneOf(name: string, value: unknown, values: readonly string[]): string {
  if (typeof value === 'string' && values.includes(value)) return value;
  return fail(name, `must be one of ${values.join(', ')}`);
}

function typed<T>(name: string, value: T, type: 'boolean' | 'function'): NonNullable<T> {
  if (typeof value !== type) fail(name, `must be a ${type}`);
  return value as NonNullable<T>;
}

export function withoutUndefined<T extends object>(options: T): Partial<T> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}

/** @throws TypeError that names the option. */
export function fail(option: string, sentence: string): never {
  throw new TypeError(`ChunkedUploadModule: the option "${option}" ${sentence}`);
}
