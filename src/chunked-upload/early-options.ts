import { AbstractChunkedUpload } from './chunked-upload.entity.js';
import type { ChunkedUploadExtras } from './chunked-upload.options.js';
import { ChunkedUploadController } from './protocols/content-range/content-range.controller.js';
import { EXTRA_KEYS, fail, rejectUnknownKeys } from './option-checks.js';

const ASYNC_KEYS = [
  'inject',
  'useFactory',
  'useClass',
  'useExisting',
  'provideInjectionTokensFrom',
];

/** Checks what has to be known while modules are put together. @throws TypeError that names it */
export function checkEarlyOptions(given: ChunkedUploadExtras): void {
  const { path, entity, controller, dataSource, imports } = given;
  if (path !== false && (typeof path !== 'string' || /^\/*$/.test(path))) {
    fail('path', 'must be a path such as "uploads", or false');
  }
  if (!isSubclass(entity, AbstractChunkedUpload)) {
    fail('entity', 'must be ChunkedUpload or a subclass of AbstractChunkedUpload');
  }
  if (controller && !isSubclass(controller, ChunkedUploadController, true)) {
    fail('controller', 'must be a subclass of ChunkedUploadController, or false');
  }
  if (dataSource !== undefined && typeof dataSource !== 'string') {
    fail('dataSource', 'must be the name of a data source');
  }
  if (imports !== undefined && !Array.isArray(imports))
    fail('imports', 'must be a list of modules');
}

/** Rejects what stands beside a factory and would be passed over in silence. */
export function checkAsyncOptions(given: object): void {
  rejectUnknownKeys(given, [...EXTRA_KEYS, ...ASYNC_KEYS]);
}

function isSubclass(value: unknown, base: abstract new () => object, orEqual = false): boolean {
  if (typeof value !== 'function') return false;
  return value.prototype instanceof base || (orEqual && value === base);
}
