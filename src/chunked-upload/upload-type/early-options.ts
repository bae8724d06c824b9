import type { CanActivate } from '@nestjs/common';
import { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { failOption } from '../chunked-upload.errors.js';
import type { ChunkedUploadExtras } from '../chunked-upload.options.js';
import { ChunkedUploadController } from '../protocols/content-range/content-range.controller.js';
import { didYouMean } from './did-you-mean.js';
import { EXTRA_KEYS, FACTORY_KEYS, rejectUnknownKeys, routePath } from './option-checks.js';
import { isPlainPath } from './plain-path.js';
import { TYPE_KEYS } from './upload-type.factory.js';

const ASYNC_KEYS = ['inject', ...FACTORY_KEYS, 'provideInjectionTokensFrom'];

const ADMIN_KEYS = ['path', 'guards', 'decorators'];

/** Checks the options that Nest needs while it builds the modules. @throws TypeError that names one */
export function checkEarlyOptions(given: ChunkedUploadExtras): void {
  const { path, entity, controller, admin, dataSource, imports } = given;
  if (path !== false) routePath(path, ', or false');
  if (!isSubclass(entity, AbstractChunkedUpload)) {
    failOption('entity', 'must be ChunkedUpload or a class that extends AbstractChunkedUpload');
  }
  if (controller && !isSubclass(controller, ChunkedUploadController, true)) {
    failOption('controller', 'must be a subclass of ChunkedUploadController, or false');
  }
  if (admin !== undefined && admin !== false) checkAdmin(admin);
  if (dataSource !== undefined && typeof dataSource !== 'string') {
    failOption('dataSource', 'must be the name of a data source, such as "archive"');
  }
  if (imports !== undefined && !Array.isArray(imports))
    failOption('imports', 'must be a list of modules, such as [UsersModule]');
}

/** The same of a further type, which cannot be without a path. @throws TypeError that names one */
export function checkFurtherType(given: ChunkedUploadExtras): void {
  routePath(given.path, '; a type without routes has one, too, and controller: false');
  checkEarlyOptions(given);
}

/** Rejects what stands beside a factory and would be passed over in silence. @throws TypeError */
export function checkAsyncOptions(given: object): void {
  const right = '{ useFactory: () => ({ expiresIn: "2d" }) }';
  requireOptions(given, 'forRootAsync', right);
  const late = Object.keys(given).find((key) => TYPE_KEYS.includes(key) || key === 'memory');
  if (late !== undefined) failOption(late, 'must be returned by the factory, not stand beside it');
  rejectUnknownKeys(given, [...EXTRA_KEYS, ...ASYNC_KEYS]);
  const hasFactory = Object.entries(given).some(
    ([key, value]) => FACTORY_KEYS.includes(key) && value !== undefined,
  );
  requireOptions(hasFactory ? given : null, 'forRootAsync', right);
}

/** @param where that was called, and `right` what it takes. @throws TypeError */
export function requireOptions(given: unknown, where: string, right: string): void {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return;
  throw new TypeError(`ChunkedUploadModule.${where} takes ${right}`);
}

function checkAdmin(given: unknown): void {
  if (typeof given !== 'object' || given === null) {
    failOption('admin', 'must be { path: "admin/uploads", guards: [AdminGuard] }, or false');
  }
  const { path, guards, decorators = [] } = given as Readonly<Record<string, unknown>>;
  const unknownKey = Object.keys(given).find((key) => !ADMIN_KEYS.includes(key));
  if (unknownKey !== undefined) {
    failOption('admin', `does not know "${unknownKey}"${didYouMean(unknownKey, ADMIN_KEYS)}`);
  }
  if (typeof path !== 'string' || !isPlainPath(path)) {
    failOption('admin', 'must have a path of plain characters, such as "admin/uploads"');
  }
  const list: unknown[] = Array.isArray(guards) ? guards : [];
  if (list.length === 0 || !list.every(isGuard)) {
    failOption(
      'admin',
      'must have at least one guard, such as guards: [AdminGuard]: whoever passes sees and removes ' +
        'all uploads',
    );
  }
  if (!Array.isArray(decorators) || !decorators.every((each) => typeof each === 'function')) {
    failOption('admin', 'must have a list of decorators, such as decorators: [Public()], or none');
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
