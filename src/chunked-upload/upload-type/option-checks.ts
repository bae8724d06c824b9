import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from '../checksum/algorithms.js';
import type { Type } from '@nestjs/common';
import type { SizeLimit } from '../chunked-upload.context.js';
import { failOption } from '../chunked-upload.errors.js';
import { LONGEST_LIFE_MS, duration } from '../engine/duration.js';
import type { OwnerOptions } from '../owners/owner-options.js';
import { UploadPolicy } from '../policies/upload.policy.js';
import { LocalDiskStorage } from '../storage/local-disk.storage.js';
import { StorageProvider } from '../storage/storage.provider.js';

/** Keys of the options that say how modules are put together; checked where that is done. */
export const EXTRA_KEYS = [
  'path',
  'entity',
  'controller',
  'admin',
  'dataSource',
  'imports',
] as const;

/** @throws TypeError that names the key, and the option that may have been meant */
export function rejectUnknownKeys(options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const early: readonly string[] = EXTRA_KEYS;
    if (early.includes(key)) failOption(key, 'must be given beside the factory, not by it');
    const near = known.find((name) => name.toLowerCase() === key.toLowerCase());
    const hint = near ? `; did you mean "${near}"?` : ` (there are: ${known.join(', ')})`;
    failOption(key, `is not an option${hint}`);
  }
}

export function storage(value: unknown): StorageProvider {
  if (value === undefined) return new LocalDiskStorage({ root: 'media' });
  const methods = ['open', 'finish', 'createReadStream', 'remove', 'holds', 'list'] as const;
  const provider = value as StorageProvider | null;
  if (provider && methods.every((method) => typeof provider[method] === 'function'))
    return provider;
  return failOption('storage', 'must be a StorageProvider, such as new LocalDiskStorage({ root })');
}

export function uploadPath(value: unknown): string {
  if (typeof value !== 'string') return failOption('uploadPath', 'must be a string');
  const path = value.replace(/\/+$/, '');
  const segments = path.split('/');
  if (
    /[\0\\]/.test(path) ||
    segments.some((part) => part === '..' || part === '.' || part === '')
  ) {
    failOption('uploadPath', 'must be a relative path without empty segments, "." or ".."');
  }
  return path;
}

export function extension(name: string, value: unknown): string {
  if (typeof value === 'string' && /^[\w.-]{0,32}$/.test(value)) return value;
  return failOption(name, 'must be a string such as ".part"');
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
  return failOption('fieldName', 'must be a name that is not empty');
}

export function algorithm(value: unknown): ChecksumAlgorithm {
  return oneOf('checksum', value, Object.keys(CHECKSUM_ALGORITHMS)) as ChecksumAlgorithm;
}

/** A list in lower case; null: everything. */
export function names(
  option: string,
  value: unknown,
  parse: (name: string) => string | null,
): readonly string[] | null {
  if (value === null) return null;
  const given: unknown[] = Array.isArray(value) ? value : [null];
  return given.map((name) => {
    const parsed = typeof name === 'string' ? parse(name.trim().toLowerCase()) : null;
    return parsed ?? failOption(option, 'must be a list such as ["png"] or ["image/*"], or null');
  });
}

/** `png` and `.png` are the same. */
export function extensionName(name: string): string | null {
  return /^\.?([\w-]+(\.[\w-]+)*)$/.exec(name)?.[1] ?? null;
}

export function mimeTypePattern(name: string): string | null {
  return /^([\w!#$&^.+-]+\/([\w!#$&^.+-]+|\*)|\*\/\*)$/.test(name) ? name : null;
}

export function policies(value: unknown): readonly (UploadPolicy | Type<UploadPolicy>)[] {
  const given: unknown[] = Array.isArray(value) ? value : [null];
  return given.map((policy) => {
    const prototype: unknown = typeof policy === 'function' ? policy.prototype : policy;
    const isPolicy = typeof (prototype as UploadPolicy | null)?.check === 'function';
    if (isPolicy) return policy as UploadPolicy | Type<UploadPolicy>;
    return failOption(
      'policies',
      'must be a list of policies, or of classes that extend UploadPolicy',
    );
  });
}

export function owners(value: unknown): ReadonlyMap<string, OwnerOptions> {
  const sentence =
    'must be an object of entity classes, or of { entity, canAttach, keep }, by name';
  if (typeof value !== 'object' || value === null) return failOption('owners', sentence);
  return new Map(
    Object.entries(value).map(([name, given]: [string, unknown]) => {
      const owner = (
        typeof given === 'function' ? { entity: given } : given
      ) as OwnerOptions | null;
      if (typeof owner?.entity !== 'function') return failOption('owners', sentence);
      const keys = ['entity', 'canAttach', 'keep'];
      const unknownKey = Object.keys(owner).find((key) => !keys.includes(key));
      if (unknownKey)
        failOption('owners', `does not know "${unknownKey}" (there are: ${keys.join(', ')})`);
      const { keep = false } = owner;
      typed('owners', keep, 'boolean');
      if (!['undefined', 'function'].includes(typeof owner.canAttach)) {
        failOption('owners', `of "${name}": canAttach must be a function`);
      }
      return [name, owner];
    }),
  );
}

export function fieldsClass(value: unknown): Type {
  return typeof value === 'function'
    ? (value as Type)
    : failOption('fields', 'must be a class whose properties bear decorators of class-validator');
}

/** How often in milliseconds; null: never. */
export function cleanup(value: unknown): number | null {
  if (value === false) return null;
  const { every, ...rest } = (value ?? {}) as { every?: unknown };
  if (Object.keys(rest).length > 0) failOption('cleanup', 'must be { every: "1h" }, or false');
  return duration('cleanup', every, { least: 1000, example: '{ every: "1h" }' });
}

export function oneOf(name: string, value: unknown, values: readonly string[]): string {
  if (typeof value === 'string' && values.includes(value)) return value;
  return failOption(name, `must be one of ${values.join(', ')}`);
}

export function typed<T>(name: string, value: T, type: 'boolean' | 'function'): NonNullable<T> {
  if (typeof value !== type) failOption(name, `must be a ${type}`);
  return value as NonNullable<T>;
}

export function withoutUndefined<T extends object>(options: T): Partial<T> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}
