import { PROTOCOL_NAMES, type ProtocolName } from '../protocols/http/protocol-name.js';
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from '../checksum/algorithms.js';
import type { Type } from '@nestjs/common';
import type { SizeLimit } from '../chunked-upload.context.js';
import { failOption } from '../chunked-upload.errors.js';
import { LONGEST_LIFE_MS, duration } from '../engine/duration.js';
import type { OwnerOptions } from '../owners/owner-options.js';
import { UploadPolicy } from '../policies/upload.policy.js';
import { LocalDiskStorage } from '../storage/local-disk.storage.js';
import { StorageProvider } from '../storage/storage.provider.js';
import { didYouMean } from './did-you-mean.js';
import { isPlainPath } from './plain-path.js';

/** Options that Nest needs while it builds the modules; they are checked there. */
export const EXTRA_KEYS = [
  'path',
  'entity',
  'controller',
  'admin',
  'dataSource',
  'imports',
] as const;

/** How the options of `forRootAsync` may be made. */
export const FACTORY_KEYS: readonly string[] = ['useFactory', 'useClass', 'useExisting'];

/** @throws TypeError that names the key, and the option that may have been meant */
export function rejectUnknownKeys(options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const early: readonly string[] = EXTRA_KEYS;
    if (early.includes(key)) failOption(key, 'must be given beside the factory, not by it');
    if (FACTORY_KEYS.includes(key)) failOption(key, 'belongs to forRootAsync, and not to forRoot');
    failOption(key, `is not an option${didYouMean(key, [...known, ...early], known)}`);
  }
}

export function storage(value: unknown): StorageProvider {
  if (value === undefined) return new LocalDiskStorage({ root: 'media' });
  const methods = ['open', 'finish', 'createReadStream', 'remove', 'holds', 'list'] as const;
  const provider = value as StorageProvider | null;
  if (provider && methods.every((method) => typeof provider[method] === 'function'))
    return provider;
  return failOption(
    'storage',
    'must be a StorageProvider, such as new LocalDiskStorage({ root: "media" })',
  );
}

/** What strftime knows that makes part of a name, with its modifiers. */
const CONVERSION = /%[-_0:]*[%ABCDFHILMPRSTUWXYZabcdehjklmoprsuvwxyz]/g;

export function uploadPath(value: unknown): string {
  const example = 'such as "chunked_uploads/%Y/%m/%d"';
  if (typeof value !== 'string') return failOption('uploadPath', `must be a string, ${example}`);
  const path = value.replace(/\/+$/, '');
  const segments = path.split('/');
  if (
    /[\0\\]/.test(path) ||
    segments.some((part) => part === '..' || part === '.' || part === '')
  ) {
    failOption(
      'uploadPath',
      `must be a relative path without empty segments, "." or "..", ${example}`,
    );
  }
  const [, wrong] = /(%.?)/su.exec(path.replace(CONVERSION, '')) ?? [];
  if (wrong !== undefined) {
    failOption(
      'uploadPath',
      `has "${wrong}", which stands for nothing in a path: write it ${example}`,
    );
  }
  return path;
}

export function extension(name: string, value: unknown): string {
  if (typeof value === 'string' && /^[\w.-]{0,32}$/.test(value)) return value;
  return failOption(
    name,
    'must be a string such as ".part": at most 32 letters, digits, dots, dashes and underscores',
  );
}

/** How long an upload may take, in milliseconds; null: for ever. */
export function lifetime(value: unknown): number | null {
  if (value === null) return null;
  return duration('expiresIn', value, { most: LONGEST_LIFE_MS, example: '"1d"; null: never' });
}

export function sizeLimit(name: string, value: unknown): SizeLimit {
  if (value === null || typeof value === 'function') return value as SizeLimit;
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  return failOption(
    name,
    'must be a whole number of bytes up to 2 ** 53 - 1, such as 10_000_000, null, or a function ' +
      'that returns one of them',
  );
}

export function fieldName(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  return failOption('fieldName', 'must be a name that is not empty, such as "file"');
}

export function protocols(value: unknown): readonly ProtocolName[] {
  const names: readonly unknown[] = Array.isArray(value) && value.length > 0 ? value : [null];
  const known: readonly unknown[] = PROTOCOL_NAMES;
  if (names.every((name) => known.includes(name))) return names as readonly ProtocolName[];
  const all = PROTOCOL_NAMES.map((name) => `"${name}"`).join(', ');
  return failOption('protocols', `must be a list of one or more of ${all}`);
}

export function algorithm(value: unknown): ChecksumAlgorithm {
  const names = Object.keys(CHECKSUM_ALGORITHMS);
  return oneOf('checksum', value, names, 'or false for none') as ChecksumAlgorithm;
}

export function policies(value: unknown): readonly (UploadPolicy | Type<UploadPolicy>)[] {
  const given: unknown[] = Array.isArray(value) ? value : [null];
  return given.map((policy) => {
    const prototype: unknown = typeof policy === 'function' ? policy.prototype : policy;
    const isPolicy = typeof (prototype as UploadPolicy | null)?.check === 'function';
    if (isPolicy) return policy as UploadPolicy | Type<UploadPolicy>;
    return failOption(
      'policies',
      'must be a list of policies, or of classes that extend UploadPolicy, such as [QuotaPolicy]',
    );
  });
}

export function owners(value: unknown): ReadonlyMap<string, OwnerOptions> {
  const sentence =
    'must be an object of entity classes, or of { entity, canAttach, keep }, by name, such as ' +
    '{ person: Person }';
  if (typeof value !== 'object' || value === null) return failOption('owners', sentence);
  return new Map(
    Object.entries(value).map(([name, given]: [string, unknown]) => {
      const owner = (
        typeof given === 'function' ? { entity: given } : given
      ) as OwnerOptions | null;
      if (typeof owner?.entity !== 'function') return failOption('owners', sentence);
      const keys = ['entity', 'canAttach', 'keep'];
      const unknownKey = Object.keys(owner).find((key) => !keys.includes(key));
      if (unknownKey !== undefined) {
        failOption('owners', `does not know "${unknownKey}"${didYouMean(unknownKey, keys)}`);
      }
      const { keep = false } = owner;
      if (typeof keep !== 'boolean')
        failOption('owners', `of "${name}": keep must be true or false`);
      if (!['undefined', 'function'].includes(typeof owner.canAttach)) {
        const example = 'such as (owner, { creator }) => owner.userId === creator';
        failOption('owners', `of "${name}": canAttach must be a function, ${example}`);
      }
      return [name, owner];
    }),
  );
}

/** The option `path`, where it is one. */
export function routePath(value: unknown, otherwise: string): string {
  if (typeof value === 'string' && isPlainPath(value)) return value;
  return failOption(
    'path',
    `must be a path such as "uploads", of letters, digits, "-", "_" and "." between slashes${otherwise}`,
  );
}

export function fieldsClass(value: unknown): Type {
  return typeof value === 'function'
    ? (value as Type)
    : failOption(
        'fields',
        'must be a class whose properties bear decorators of class-validator, such as VideoFields',
      );
}

/** How often in milliseconds; null: never. */
export function cleanup(value: unknown): number | null {
  if (value === false) return null;
  const { every, ...rest } = (value ?? {}) as { every?: unknown };
  if (Object.keys(rest).length > 0) failOption('cleanup', 'must be { every: "1h" }, or false');
  return duration('cleanup', every, { least: 1000, example: '{ every: "1h" }' });
}

/** `others`: what else may be said. */
export function oneOf(
  name: string,
  value: unknown,
  values: readonly string[],
  others?: string,
): string {
  if (typeof value === 'string' && values.includes(value)) return value;
  const quoted = values.map((each) => `"${each}"`);
  return failOption(name, `must be one of ${[...quoted, ...(others ? [others] : [])].join(', ')}`);
}

export function bool(name: string, value: unknown): boolean {
  return typeof value === 'boolean' ? value : failOption(name, 'must be true or false');
}

export function hook<F>(name: string, value: F, example: string): NonNullable<F> {
  if (typeof value !== 'function') failOption(name, `must be a function, such as ${example}`);
  return value;
}

export function withoutUndefined<T extends object>(options: T): Partial<T> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}
