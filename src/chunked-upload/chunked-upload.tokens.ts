import { Inject, type Type } from '@nestjs/common';
import type { AbstractChunkedUpload } from './chunked-upload.entity.js';

// Nest names a token that nobody provides: these two say what is missing then.

/** The options of `forRoot`, which further types inherit from. */
export const CHUNKED_UPLOAD_OPTIONS = Symbol('options of ChunkedUploadModule.forRoot');

/** The data source that `forRoot` names, which further types inherit. */
export const INHERITED_DATA_SOURCE = Symbol('data source of ChunkedUploadModule.forRoot');

/** Within one type's module: its options, checked and complete. */
export const UPLOAD_TYPE = Symbol('UPLOAD_TYPE');

/** Within one type's module: where its measurements are published. */
export const UPLOAD_MEASUREMENTS = Symbol('UPLOAD_MEASUREMENTS');

/** Within one type's module: what clients may speak, but for its own protocol. */
export const UPLOAD_PROTOCOLS = Symbol('UPLOAD_PROTOCOLS');

/** Within one type's module: its service. By its class the service is that of `forRoot`. */
export const UPLOAD_SERVICE = Symbol('UPLOAD_SERVICE');

const serviceTokens = new WeakMap<Type, symbol>();

/** The token of the service of the upload type whose table is `entity`. */
export function getChunkedUploadToken(entity: Type<AbstractChunkedUpload>): symbol {
  const token = serviceTokens.get(entity) ?? Symbol(`ChunkedUploadService<${entity.name}>`);
  serviceTokens.set(entity, token);
  return token;
}

/** Injects the service of the upload type whose table is `entity`. */
export function InjectChunkedUpload(
  entity: Type<AbstractChunkedUpload>,
): PropertyDecorator & ParameterDecorator {
  if (typeof (entity as unknown) !== 'function') {
    throw new TypeError(
      `InjectChunkedUpload takes the entity of an upload type, not ${String(entity)}: do two files ` +
        'import each other?',
    );
  }
  return Inject(getChunkedUploadToken(entity));
}
