import { Checksum } from '../checksum/checksum.js';
import type { Type } from '@nestjs/common';
import type { UserOf } from '../chunked-upload.context.js';
import type { ChunkedUploadTypeOptions } from '../chunked-upload.options.js';
import type { OwnerOptions } from '../owners/owner-options.js';
import { failOption } from '../chunked-upload.errors.js';
import { duration } from '../engine/duration.js';
import type { UploadType } from '../engine/upload-type.js';
import type { UploadPolicy } from '../policies/upload.policy.js';
import { userOfRequest } from '../protocols/http/caller.js';
import { allowedExtensions, allowedMimeTypes } from './allowed-types.js';
import {
  algorithm,
  bool,
  cleanup,
  extension,
  fieldName,
  fieldsClass,
  hook,
  lifetime,
  oneOf,
  owners,
  policies,
  protocols,
  rejectUnknownKeys,
  sizeLimit,
  storage,
  uploadPath,
  withoutUndefined,
} from './option-checks.js';

const DEFAULTS = {
  uploadPath: 'chunked_uploads/%Y/%m/%d',
  incompleteExt: '.part',
  completeExt: '.done',
  expiresIn: '1d',
  expiry: 'creation',
  leaseTime: '10s',
  callTimeout: '15s',
  userRestricted: true,
  user: userOfRequest,
  minBytes: 0,
  maxBytes: null,
  allowedExtensions: null,
  allowedMimeTypes: null,
  policies: [],
  owners: {},
  fieldName: 'file',
  protocols: ['content-range', 'tus', 'filepond'],
  checksum: 'md5',
  cleanup: { every: '1h' },
} satisfies ChunkedUploadTypeOptions;

const KEYS: Record<keyof ChunkedUploadTypeOptions, true> = {
  storage: true,
  uploadPath: true,
  incompleteExt: true,
  completeExt: true,
  expiresIn: true,
  expiry: true,
  leaseTime: true,
  callTimeout: true,
  userRestricted: true,
  user: true,
  minBytes: true,
  maxBytes: true,
  allowedExtensions: true,
  allowedMimeTypes: true,
  policies: true,
  owners: true,
  fields: true,
  fieldName: true,
  protocols: true,
  checksum: true,
  onComplete: true,
  cleanup: true,
};

/** Options that a factory may return. */
export const TYPE_KEYS: readonly string[] = Object.keys(KEYS);

/** An upload type before Nest and TypeORM have been asked for what its options name. */
export interface UploadTypeDraft extends Omit<
  UploadType,
  | 'policies'
  | 'namePolicies'
  | 'claimedSum'
  | 'mayBeNamed'
  | 'readsFirstBytes'
  | 'owners'
  | 'fields'
> {
  /** In lower case, without a dot; null: all. */
  readonly allowedExtensions: readonly string[] | null;
  /** In lower case, `image/*` among them; null: all. */
  readonly allowedMimeTypes: readonly string[] | null;
  readonly policies: readonly (UploadPolicy | Type<UploadPolicy>)[];
  /** By their names in requests. */
  readonly owners: ReadonlyMap<string, OwnerOptions>;
  readonly fields: Type | null;
}

/** Checks options and fills in defaults. @throws TypeError with a sentence that names the option. */
export function draftUploadType(path: string, given: ChunkedUploadTypeOptions): UploadTypeDraft {
  if ('memory' in given) failOption('memory', 'is of the whole process: give it to forRoot');
  rejectUnknownKeys(given, [...TYPE_KEYS, 'memory']);
  const options = { ...DEFAULTS, ...withoutUndefined(given) };
  const { checksum, minBytes, maxBytes } = options;
  const limits = {
    minBytes: sizeLimit('minBytes', minBytes),
    maxBytes: sizeLimit('maxBytes', maxBytes),
  };
  if (typeof minBytes === 'number' && typeof maxBytes === 'number' && minBytes > maxBytes) {
    failOption('minBytes', 'must not be above "maxBytes", as in { minBytes: 1, maxBytes: 1000 }');
  }
  return {
    ...limits,
    path,
    storage: storage(options.storage),
    uploadPath: uploadPath(options.uploadPath),
    incompleteExt: extension('incompleteExt', options.incompleteExt),
    completeExt: extension('completeExt', options.completeExt),
    expiresInMs: lifetime(options.expiresIn),
    rollingExpiry: oneOf('expiry', options.expiry, ['creation', 'rolling']) === 'rolling',
    leaseMs: duration('leaseTime', options.leaseTime, { least: 1000, example: '"10s"' }),
    callTimeoutMs: duration('callTimeout', options.callTimeout, { least: 100, example: '"15s"' }),
    userRestricted: bool('userRestricted', options.userRestricted),
    user: hook('user', options.user as UserOf, '(request) => request.user?.id'),
    fieldName: fieldName(options.fieldName),
    protocols: protocols(options.protocols),
    checksum: checksum === false ? null : new Checksum(algorithm(checksum)),
    allowedExtensions: allowedExtensions(options.allowedExtensions),
    allowedMimeTypes: allowedMimeTypes(options.allowedMimeTypes),
    policies: policies(options.policies),
    owners: owners(options.owners),
    fields: given.fields === undefined ? null : fieldsClass(given.fields),
    onComplete:
      given.onComplete === undefined
        ? null
        : hook('onComplete', given.onComplete, 'async (upload, { manager }) => { … }'),
    cleanupMs: cleanup(options.cleanup),
  };
}
