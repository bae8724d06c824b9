import { type DynamicModule, Module } from '@nestjs/common';
import type { RequestWithUser } from './chunked-upload.context.js';
import type { AbstractChunkedUpload, ChunkedUpload } from './chunked-upload.entity.js';
import { ConfigurableModuleClass } from './chunked-upload.module-definition.js';
import type {
  ChunkedUploadAsyncOptions,
  ChunkedUploadOptions,
  ChunkedUploadRootOptions,
  ChunkedUploadTypeOptions,
  UploadTypeAsyncOptions,
  UploadTypeOptions,
} from './chunked-upload.options.js';
import { CHUNKED_UPLOAD_OPTIONS } from './chunked-upload.tokens.js';
import {
  checkAsyncOptions,
  checkFurtherType,
  requireOptions,
} from './upload-type/early-options.js';
import { EXTRA_KEYS, withoutUndefined } from './upload-type/option-checks.js';
import { requireMade, typeOptionsOf } from './upload-type/root-options.js';
import { type LateOptions, furtherTypeModule } from './upload-type/upload-type.module.js';

type Upload = AbstractChunkedUpload;

/** A type of `forFeature`. */
type FeatureType<
  E extends Upload = Upload,
  O extends object = Record<string, object>,
  R = RequestWithUser,
> = UploadTypeOptions<E, O, R> | UploadTypeAsyncOptions<E, O, R>;

/**
 * Chunked, resumable uploads for a Nest application.
 *
 * ```ts
 * ChunkedUploadModule.forRoot({ storage: new LocalDiskStorage({ root: 'media' }) })
 * ```
 */
@Module({})
export class ChunkedUploadModule extends ConfigurableModuleClass {
  /**
   * One upload type (`path: false`: none), and the defaults of the others. Hooks are typed by `entity`,
   * `owners` and the parameter of `user`.
   */
  static override forRoot<
    E extends Upload = ChunkedUpload,
    O extends object = Record<string, object>,
    R extends object = RequestWithUser,
  >(options: ChunkedUploadOptions<E, O, R>): DynamicModule {
    requireOptions(options, 'forRoot', 'an object of options; forRoot({}) has the defaults of all');
    return super.forRoot(options as ChunkedUploadOptions);
  }

  /** Like `forRoot`, with options from a factory, a class or another provider. */
  static override forRootAsync<
    E extends Upload = ChunkedUpload,
    O extends object = object,
    R extends object = RequestWithUser,
  >(options: ChunkedUploadAsyncOptions<E, O, R>): DynamicModule {
    checkAsyncOptions(options);
    return super.forRootAsync(options);
  }

  /**
   * Further upload types. What one leaves out it takes from `forRoot`, except `controller`, `admin` and
   * `onComplete`; its `imports` are added to those of `forRoot`.
   *
   * The hooks of the first eight types in a list get their types from their own `entity` and `owners`;
   * TypeScript cannot infer that for a list of any length. For further ones write the parameters' types,
   * or call `forFeature` again.
   */
  static forFeature<
    E1 extends Upload = Upload,
    O1 extends object = Record<string, object>,
    E2 extends Upload = Upload,
    O2 extends object = Record<string, object>,
    E3 extends Upload = Upload,
    O3 extends object = Record<string, object>,
    E4 extends Upload = Upload,
    O4 extends object = Record<string, object>,
    E5 extends Upload = Upload,
    O5 extends object = Record<string, object>,
    E6 extends Upload = Upload,
    O6 extends object = Record<string, object>,
    E7 extends Upload = Upload,
    O7 extends object = Record<string, object>,
    E8 extends Upload = Upload,
    O8 extends object = Record<string, object>,
    R extends object = RequestWithUser,
  >(
    types: readonly [
      FeatureType<E1, O1, R>?,
      FeatureType<E2, O2, R>?,
      FeatureType<E3, O3, R>?,
      FeatureType<E4, O4, R>?,
      FeatureType<E5, O5, R>?,
      FeatureType<E6, O6, R>?,
      FeatureType<E7, O7, R>?,
      FeatureType<E8, O8, R>?,
      ...FeatureType[],
    ],
  ): DynamicModule {
    const right = 'a list of upload types, such as [{ path: "videos", entity: Video }]';
    requireOptions(Array.isArray(types) ? {} : null, 'forFeature', right);
    const modules = (types as readonly FeatureType[]).map((type) => {
      requireOptions(type, 'forFeature', right);
      if ('useFactory' in type) checkAsyncOptions(type);
      checkFurtherType(type);
      return furtherTypeModule(type, inheriting(type));
    });
    return { module: ChunkedUploadModule, imports: modules, exports: modules };
  }
}

function inheriting(type: FeatureType): LateOptions {
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
