import type { CanActivate } from '@nestjs/common';
import { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { failOption } from '../chunked-upload.errors.js';
import type { ChunkedUploadExtras } from '../chunked-upload.options.js';
import { ChunkedUploadController } from '../protocols/content-range/content-range.controller.js';
import { EXTRA_KEYS, rejectUnknownKeys } from './option-checks.js';

const ASYNC_KEYS = [
  'inject',
  'useFactory',
  'useClass',
  'useExisting',
  'provideInjectionTokensFrom',
];

/** Checks what has to be known while modules are put together. @throws TypeError that names it */
export function checkEarlyOptions(given: ChunkedUploadExtras): void {
  const { path, entity, controller, admin, dataSource, imports } = given;
  if (path !== false && (typeof path !== 'string' || /^\/*$/.test(path))) {
    failOption('path', 'must be a path such as "uploads", or false');
  }
  if (!isSubclass(entity, AbstractChunkedUpload)) {
    failOption('entity', 'must be ChunkedUpload or a subclass of AbstractChunkedUpload');
  }
  if (controller && !isSubclass(controller, ChunkedUploadController, true)) {
    failOption('controller', 'must be a subclass of ChunkedUploadController, or false');
  }
  if (admin !== undefined && admin !== false) checkAdmin(admin);
  if (dataSource !== undefined && typeof dataSource !== 'string') {
    failOption('dataSource', 'must be the name of a data source');
  }
  if (imports !== undefined && !Array.isArray(imports))
    failOption('imports', 'must be a list of modules');
}

/** Rejects what stands beside a factory and would be passed over in silence. */
export function checkAsyncOptions(given: object): void {
  rejectUnknownKeys(given, [...EXTRA_KEYS, ...ASYNC_KEYS]);
}

function checkAdmin(given: unknown): void {
  if (typeof given !== 'object' || given === null) {
    failOption('admin', 'must be { path: "admin/uploads", guards: [...] }, or false');
  }
  const { path, guards, ...rest } = given as Readonly<Record<string, unknown>>;
  const [unknownKey] = Object.keys(rest);
  if (unknownKey !== undefined) {
    failOption('admin', `does not know "${unknownKey}" (there are: path, guards)`);
  }
  if (typeof path !== 'string' || !/^[\w./-]*\w[\w./-]*$/.test(path)) {
    failOption('admin', 'must have a path of plain characters, such as "admin/uploads"');
  }
  const list: unknown[] = Array.isArray(guards) ? guards : [];
  if (list.length === 0 || !list.every(isGuard)) {
    failOption(
      'admin',
      'must have at least one guard: whoever passes sees and removes all uploads',
    );
  }
}

function isGuard(value: unknown): boolean {
  const guard: unknown = typeof value === 'function' ? value.prototype : value;
  return typeof (guard as CanActivate | null | undefined)?.canActivate === 'function';
}

function isSubclass(value: unknown, base: abstract new () => object, orEqual = false): boolean {
  if (typeof value !== 'function') return false;
  return value.prototype instanceof base || (orEqual && value === base);
}
