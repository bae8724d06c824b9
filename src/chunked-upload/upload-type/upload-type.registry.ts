import type { Type } from '@nestjs/common';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { Cleaner } from '../engine/cleaner.js';
import { failOption } from '../chunked-upload.errors.js';
import { plainPath } from './plain-path.js';

/** One upload type of an application. */
export interface RegisteredType {
  readonly path: string;
  readonly entity: Type<AbstractChunkedUpload>;
  /** Null while the application starts. */
  cleaner: Cleaner<AbstractChunkedUpload> | null;
}

// By application, since one process may run several, in tests above all.
const registeredTypes = new WeakMap<object, RegisteredType[]>();
const registeredAdmins = new WeakMap<object, string[]>();

/** Stops the start of an application in which two upload types share a path or a table. */
export function registerUploadType(
  application: object,
  path: string,
  entity: Type<AbstractChunkedUpload>,
): void {
  const types = registeredTypes.get(application) ?? [];
  registeredTypes.set(application, types);
  const normalized = normalize(path);
  for (const other of types) {
    if (other.path === normalized) {
      const another = `${plainPath(path)}-2`;
      failOption(
        'path',
        `"${path}" is given to two upload types: give one another, such as "${another}"`,
      );
    }
    if (isBelow(normalized, other.path) || isBelow(other.path, normalized)) {
      const paths = `"${path}" and "${other.path}"`;
      const right = 'such as "files" and "videos"';
      failOption(
        'path',
        `of two types must not lie below each other: ${paths}; they may lie side by side, ${right}`,
      );
    }
    if (other.entity === entity) {
      const another = 'give one another, such as class Video extends AbstractChunkedUpload {}';
      failOption('entity', `${entity.name} is given to two upload types: ${another}`);
    }
  }
  types.push({ path: normalized, entity, cleaner: null });
  for (const admin of registeredAdmins.get(application) ?? []) keepApart(admin, normalized);
}

/** By Nest's `ModulesContainer`. */
export function uploadTypesOf(application: object): readonly RegisteredType[] {
  return registeredTypes.get(application) ?? [];
}

export function registerCleaner(
  application: object,
  entity: Type<AbstractChunkedUpload>,
  cleaner: Cleaner<AbstractChunkedUpload>,
): void {
  const registered = registeredTypes.get(application)?.find((type) => type.entity === entity);
  if (registered) registered.cleaner = cleaner;
}

/** Stops the start of an application in which another route would answer in place of an admin. */
export function registerAdmin(application: object, path: string): void {
  const admins = registeredAdmins.get(application) ?? [];
  registeredAdmins.set(application, admins);
  const normalized = normalize(path);
  if (admins.includes(normalized)) {
    failOption('admin', `has the path "${path}", which another admin has`);
  }
  admins.push(normalized);
  for (const type of registeredTypes.get(application) ?? []) keepApart(normalized, type.path);
}

/** Whether `/uploads/:id` or `/uploads/:id/file` would answer in its place. */
function isBelow(path: string, other: string): boolean {
  return path.startsWith(`${other}/`);
}

const rooted = new WeakSet();

/** Stops the start of an application that gives its defaults twice. */
export function registerRoot(application: object): void {
  if (rooted.has(application)) {
    throw new TypeError(
      'ChunkedUploadModule.forRoot is there twice: further types belong into forFeature',
    );
  }
  rooted.add(application);
}

function keepApart(admin: string, type: string): void {
  if (admin !== type && !isBelow(admin, type)) return;
  failOption('admin', `has the path "${admin}", which lies below the upload type "${type}"`);
}

function normalize(path: string): string {
  return plainPath(path).toLowerCase();
}
