import type {
  CanActivate,
  DynamicModule,
  FactoryProvider,
  ForwardReference,
  InjectionToken,
  OptionalFactoryDependency,
  Provider,
  Type,
} from '@nestjs/common';
import type { ChecksumAlgorithm } from './checksum/algorithms.js';
import type {
  HookOfHost,
  OnComplete,
  RequestWithUser,
  Size,
  SizeLimit,
  UserId,
  UserOf,
} from './chunked-upload.context.js';
import type { AbstractChunkedUpload } from './chunked-upload.entity.js';
import type { Owners, OwnersOfFactory } from './owners/owner-options.js';
import type { UploadPolicy } from './policies/upload.policy.js';
import type { ChunkedUploadController } from './protocols/content-range/content-range.controller.js';
import type { ProtocolName } from './protocols/http/protocol-name.js';
import type { StorageProvider } from './storage/storage.provider.js';

export interface CleanupOptions {
  /** Milliseconds, or a duration such as `'1h'`. */
  readonly every: number | string;
}

export interface AdminOptions {
  /** Where the page and its endpoints are, below the host's prefix. */
  readonly path: string;
  /** At least one: whoever passes them sees and removes everybody's uploads. */
  readonly guards: (Type<CanActivate> | CanActivate)[];
  /**
   * Decorators of its controller, as if they stood above its class in this order, such as what makes
   * a global guard let it through: `[Public()]`. They hold for the page, its files and its
   * endpoints; where they bring guards, those are asked before `guards`. Default: none.
   */
  readonly decorators?: readonly ClassDecorator[];
}

type ImportedModule = Type | DynamicModule | Promise<DynamicModule> | ForwardReference;

/** What has to be known while modules are put together. `E`: the entity. */
export interface ChunkedUploadExtras<E extends AbstractChunkedUpload = AbstractChunkedUpload> {
  /** Where the controller is mounted, below the host's prefix; `false`: no upload type at all. */
  readonly path?: string | false;
  /** The table: `ChunkedUpload`, or a subclass of `AbstractChunkedUpload`. */
  readonly entity?: Type<E>;
  /** A subclass with decorators of its own; `false`: no routes, the service alone. */
  readonly controller?: Type<ChunkedUploadController> | false;
  /** A page to look after uploads: those of all types in `forRoot`, of the one type in `forFeature`. */
  readonly admin?: AdminOptions | false;
  /** Name of the TypeORM data source. */
  readonly dataSource?: string;
  /** Modules whose providers the controller, its guards and the policies inject. */
  readonly imports?: ImportedModule[];
}

/**
 * What can wait until the application starts. `E` is the entity, `O` the type of `owners`, `R` the host's
 * kind of request: the parameter of `user` says it, and that of other hooks follows.
 */
export interface ChunkedUploadTypeOptions<
  E extends AbstractChunkedUpload = AbstractChunkedUpload,
  O = Owners,
  R = RequestWithUser,
> {
  /** Default: `new LocalDiskStorage({ root: 'media' })`. */
  readonly storage?: StorageProvider;
  /** Folder of the bytes, strftime in UTC. Default: `'chunked_uploads/%Y/%m/%d'`. */
  readonly uploadPath?: string;
  /** `'.part'`: an unfinished upload of `a.bin` is kept as `<id>.part.bin`. */
  readonly incompleteExt?: string;
  /** `'.done'`: complete it is `<id>.done.bin`. The same as `incompleteExt`: no renaming. */
  readonly completeExt?: string;
  /** Milliseconds, or a duration such as `'1d'`, up to 1,000 years; `null`: never. Default: `'1d'`. */
  readonly expiresIn?: number | string | null;
  /** What `expiresIn` counts from: the creation (default), or with `'rolling'` the last chunk. */
  readonly expiry?: 'creation' | 'rolling';
  /** How long a writer that died blocks its upload in other processes. Default: `'10s'`. */
  readonly leaseTime?: number | string;
  /**
   * How long one statement, with the wait for a connection of the pool, or one call of the storage
   * may take before its request is answered 503; at least 100 ms. In `onComplete` it holds for each
   * statement of the `manager`, not for the hook as a whole. Default: `'15s'`.
   */
  readonly callTimeout?: number | string;
  /** Whether callers see only their own uploads. Default: true. */
  readonly userRestricted?: boolean;
  /**
   * Who calls; null or undefined: anonymous. Default: `request.user`'s `id`, else `userId`, else `sub`,
   * and anonymous without a `request.user`; one that has none of them is answered 500. Its parameter may
   * have the type of the host's own request.
   */
  readonly user?: UserOf<R> | HookOfHost<[], UserId | Promise<UserId>>;
  readonly minBytes?: SizeLimit<R & {}> | HookOfHost<[], Size | Promise<Size>>;
  readonly maxBytes?: SizeLimit<R & {}> | HookOfHost<[], Size | Promise<Size>>;
  /** Such as `['png', 'txt']`. Default: null, all. */
  readonly allowedExtensions?: readonly string[] | null;
  /** Such as `['video/mp4', 'image/*']`, judged by name and by first bytes. Default: null, all. */
  readonly allowedMimeTypes?: readonly string[] | null;
  /** Rules of your own, instances or classes that Nest injects into. */
  readonly policies?: readonly (UploadPolicy | Type<UploadPolicy>)[];
  /** What uploads may belong to, by name. Default: none. */
  readonly owners?: O;
  /** A class with class-validator's decorators: columns of the entity that the first request sets. */
  readonly fields?: Type;
  /** Name of the file's part in a form. Default: `'file'`. */
  readonly fieldName?: string;
  /**
   * What clients may speak on the type's URLs; the headers of each request say what it speaks.
   * `'resumable-http'` is the Internet-Draft of resumable uploads, and may change until it is an RFC.
   * Default: `['content-range', 'tus', 'filepond']`.
   */
  readonly protocols?: readonly ProtocolName[];
  /** Verified at completion. Default: `'md5'`; `false`: none. */
  readonly checksum?: ChecksumAlgorithm | false;
  /**
   * Runs inside the transaction that marks the upload complete. If it throws, it is not. Each
   * statement of its `manager` may take as long as `callTimeout` says, to which Postgres'
   * `statement_timeout` is set meanwhile; the hook as a whole may take its time.
   */
  readonly onComplete?: OnComplete<E & {}, R & {}> | HookOfHost<[upload: E & {}], unknown>;
  /** How often expired uploads are removed. Default: `{ every: '1h' }`; false: not by itself. */
  readonly cleanup?: CleanupOptions | false;
}

/** What `forRoot` and its factories say for the whole process, besides the defaults of all types. */
export interface ChunkedUploadRootOptions<
  E extends AbstractChunkedUpload = AbstractChunkedUpload,
  O = Owners,
  R = RequestWithUser,
> extends ChunkedUploadTypeOptions<E, O, R> {
  /**
   * Bytes that all request bodies, forms and downloads together, and hashing, may cost the process,
   * however many there are: senders are slowed down to it. A quarter of it is what they hold at a
   * time; the rest is for what has been stored and not been collected yet. At least 32 MiB; of
   * several applications in one process the last to start says it. Default: 128 MiB.
   */
  readonly memory?: number;
}

export interface ChunkedUploadOptions<
  E extends AbstractChunkedUpload = AbstractChunkedUpload,
  O = Record<string, object>,
  R = RequestWithUser,
>
  extends ChunkedUploadRootOptions<E, Owners<O, R & {}>, R>, ChunkedUploadExtras<E> {}

/** What a factory answers. */
type Answer<T> = T | Promise<T>;

/** A factory's parameters are of whatever types its `inject` names. */
type Dependencies = Parameters<FactoryProvider['useFactory']>;

interface OptionsFactory {
  create(): Answer<ChunkedUploadRootOptions>;
}

/** `forRoot`, whose options come from elsewhere, but for those that must be known early. */
export interface ChunkedUploadAsyncOptions<
  E extends AbstractChunkedUpload = AbstractChunkedUpload,
  O extends object = object,
  R = RequestWithUser,
> extends ChunkedUploadExtras<E> {
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
  readonly useFactory?: (
    ...dependencies: Dependencies
  ) => Answer<ChunkedUploadRootOptions<E, OwnersOfFactory<O, R & {}>, R>>;
  readonly useClass?: Type<OptionsFactory>;
  readonly useExisting?: Type<OptionsFactory>;
  readonly provideInjectionTokensFrom?: Provider[];
}

/** A type of `forFeature`: what it leaves out it takes from `forRoot`. */
export interface UploadTypeOptions<
  E extends AbstractChunkedUpload = AbstractChunkedUpload,
  O = Record<string, object>,
  R = RequestWithUser,
>
  extends ChunkedUploadTypeOptions<E, Owners<O, R & {}>, R>, ChunkedUploadExtras<E> {
  readonly path: string;
  readonly entity: Type<E>;
}

/** A type of `forFeature` whose options come from a factory. */
export interface UploadTypeAsyncOptions<
  E extends AbstractChunkedUpload = AbstractChunkedUpload,
  O extends object = object,
  R = RequestWithUser,
> extends ChunkedUploadExtras<E> {
  readonly path: string;
  readonly entity: Type<E>;
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
  readonly useFactory: (
    ...dependencies: Dependencies
  ) => Answer<ChunkedUploadTypeOptions<E, OwnersOfFactory<O, R & {}>, R>>;
}
