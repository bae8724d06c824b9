import { type DynamicModule, Module } from '@nestjs/common';
import {
  type ASYNC_OPTIONS_TYPE,
  ConfigurableModuleClass,
  type OPTIONS_TYPE,
} from './chunked-upload.module-definition.js';
import type {
  ChunkedUploadRootOptions,
  ChunkedUploadTypeOptions,
  UploadTypeAsyncOptions,
  UploadTypeOptions,
} from './chunked-upload.options.js';
import { CHUNKED_UPLOAD_OPTIONS } from './chunked-upload.tokens.js';
import {
  checkAsyncOptions,
  checkEarlyOptions,
  requireOptions,
} from './upload-type/early-options.js';
import { EXTRA_KEYS, withoutUndefined } from './upload-type/option-checks.js';
import { requireMade, typeOptionsOf } from './upload-type/root-options.js';
import { type LateOptions, furtherTypeModule } from './upload-type/upload-type.module.js';

/**
 * Chunked, resumable uploads for a Nest application.
 *
 * ```ts
 * ChunkedUploadModule.forRoot({ storage: new LocalDiskStorage({ root: 'media' }) })
 * ```
 */
@Module({})
export class ChunkedUploadModule extends ConfigurableModuleClass {
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    requireOptions(options, 'forRoot', 'an object of options; forRoot({}) has the defaults of all');
    return super.forRoot(options);
  }

  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    checkAsyncOptions(options);
    return super.forRootAsync(options);
  }

  /**
   * Further upload types. What one leaves out it takes from `forRoot`, but for `controller`,
   * `admin` and `onComplete`; its `imports` come beside those of `forRoot`.
   */
  static forFeature(types: (UploadTypeOptions | UploadTypeAsyncOptions)[]): DynamicModule {
    const right = 'a list of upload types, such as [{ path: "videos", entity: Video }]';
    requireOptions(Array.isArray(types) ? {} : null, 'forFeature', right);
    const modules = types.map((type) => {
      requireOptions(type, 'forFeature', right);
      if ('useFactory' in type) checkAsyncOptions(type);
      checkEarlyOptions(type);
      return furtherTypeModule(type, inheriting(type));
    });
    return { module: ChunkedUploadModule, imports: modules, exports: modules };
  }
}

function inheriting(type: UploadTypeOptions | UploadTypeAsyncOptions): LateOptions {
  const { inject = [], useFactory } =
    'useFactory' in type ? type : { useFactory: () => withoutEarly(type) };
  return {
    inject: [CHUNKED_UPLOAD_OPTIONS, ...inject],
    useFactory: async (defaults: ChunkedUploadRootOptions, ...dependencies: never[]) => {
      const { onComplete: _, ...inherited } = typeOptionsOf(defaults);
      const own = await useFactory(...dependencies);
      requireMade(own);
      return { ...inherited, ...withoutUndefined(own) };
    },
  };
}

function withoutEarly(type: UploadTypeOptions): ChunkedUploadTypeOptions {
  const early: readonly string[] = EXTRA_KEYS;
  return Object.fromEntries(Object.entries(type).filter(([key]) => !early.includes(key)));
}
