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
   * Decorators for its controller, applied as if they were written above its class in this order. For
   * example `[Public()]`, if a global guard must let it through. They apply to the page, its files and
   * its endpoints. Guards that they add run before `guards`. Default: none.
   */
  readonly decorators?: readonly ClassDecorator[];
}

type ImportedModule = Type | DynamicModule | Promise<DynamicModule> | ForwardReference;

/**
 * Options that Nest needs while it builds the modules, before a factory can be called. `E`: the entity.
 */
export interface ChunkedUploadExtras<E extends AbstractChunkedUpload = AbstractChunkedUpload> {
  /** Where the controller is mounted, below the host's prefix; `false`: no upload type at all. */
  readonly path?: string | false;
  /** The table: `ChunkedUpload`, or a subclass of `AbstractChunkedUpload`. */
  readonly entity?: Type<E>;
  /** Your subclass of `ChunkedUploadController`; `false`: no routes, only the service. */
  readonly controller?: Type<ChunkedUploadController> | false;
  /** The admin page. In `forRoot` it shows the uploads of all types, in `forFeature` those of the one type. */
  readonly admin?: AdminOptions | false;
  /** Name of the TypeORM data source. */
  readonly dataSource?: string;
  /** Modules that provide what the controller, its guards and the policies inject. */
  readonly imports?: ImportedModule[];
}

/**
 * Options that a factory may return. `E`: the entity; `O`: the type of `owners`; `R`: the type of the
 * request, taken from the parameter of `user` and used for the other hooks, too.
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
  /** Default: `'.part'`. An unfinished upload of `a.bin` is stored as `<id>.part.bin`. */
  readonly incompleteExt?: string;
  /** Default: `'.done'`. Once complete it is `<id>.done.bin`. The same as `incompleteExt`: no renaming. */
  readonly completeExt?: string;
  /** Milliseconds, or a duration such as `'1d'`, up to 1,000 years; `null`: never. Default: `'1d'`. */
  readonly expiresIn?: number | string | null;
  /** What `expiresIn` counts from: the creation (default), or with `'rolling'` the last chunk. */
  readonly expiry?: 'creation' | 'rolling';
  /** How long an upload stays blocked for other processes if the one writing it died. Default: `'10s'`. */
  readonly leaseTime?: number | string;
  /**
   * How long one SQL statement (including the wait for a connection) or one call of the storage may
   * take before the request is answered 503; at least 100 ms. In `onComplete` it limits each statement
   * of the `manager`, not the hook as a whole. Default: `'15s'`.
   */
  readonly callTimeout?: number | string;
  /** Whether callers see only their own uploads. Default: true. */
  readonly userRestricted?: boolean;
  /**
   * Returns the caller's id; null or undefined: anonymous. Default: the `id` of `request.user`, else its
   * `userId`, else its `sub`. Without `request.user` the caller is anonymous; a `request.user` with none
   * of the three is answered 500. You may give the parameter the type of your own request.
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
  /** The records that uploads can belong to, by name. Default: none. */
  readonly owners?: O;
  /** A class with class-validator decorators: the entity's columns that the first request may set. */
  readonly fields?: Type;
  /** Name of the file's part in a form. Default: `'file'`. */
  readonly fieldName?: string;
  /**
   * The protocols that clients may use on the type's URLs. The headers of a request show which one it
   * uses. `'resumable-http'` is an Internet-Draft, and may change until it is an RFC.
   * Default: `['content-range', 'tus', 'filepond']`.
   */
  readonly protocols?: readonly ProtocolName[];
  /** Verified at completion. Default: `'md5'`; `false`: none. */
  readonly checksum?: ChecksumAlgorithm | false;
  /**
   * Runs inside the transaction that marks the upload complete. If it throws, the upload stays
   * incomplete. Each statement of its `manager` may take at most `callTimeout` (Postgres'
   * `statement_timeout` is set to it); the hook as a whole has no limit.
   */
  readonly onComplete?: OnComplete<E & {}, R & {}> | HookOfHost<[upload: E & {}], unknown>;
  /** How often expired uploads are removed. Default: `{ every: '1h' }`; `false`: never automatically. */
  readonly cleanup?: CleanupOptions | false;
}

/** Options of `forRoot`: the defaults of all types, and what applies to the whole process. */
export interface ChunkedUploadRootOptions<
  E extends AbstractChunkedUpload = AbstractChunkedUpload,
  O = Owners,
  R = RequestWithUser,
> extends ChunkedUploadTypeOptions<E, O, R> {
  /**
   * Bytes of memory that all request bodies, forms, downloads and hashing of the process may use
   * together, however many there are. Senders are slowed down to stay within it. At any time they hold
   * a quarter of it; the rest is for bytes that are stored but not yet garbage-collected. At least
   * 32 MiB. If a process runs several applications, the last to start sets it. Default: 128 MiB.
   */
  readonly memory?: number;
}

export interface ChunkedUploadOptions<
  E extends AbstractChunkedUpload = AbstractChunkedUpload,
  O = Record<string, object>,
  R = RequestWithUser,
>
  extends ChunkedUploadRootOptions<E, Owners<O, R & {}>, R>, ChunkedUploadExtras<E> {}

/** What a factory returns. */
type Answer<T> = T | Promise<T>;

/** A factory's parameters are of whatever types its `inject` names. */
type Dependencies = Parameters<FactoryProvider['useFactory']>;

interface OptionsFactory {
  create(): Answer<ChunkedUploadRootOptions>;
}

/** Options of `forRootAsync`: some are written here, the others come from a factory or a class. */
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

/** An upload type of `forFeature`. What it leaves out it takes from `forRoot`. */
export interface UploadTypeOptions<
  E extends AbstractChunkedUpload = AbstractChunkedUpload,
  O = Record<string, object>,
  R = RequestWithUser,
>
  extends ChunkedUploadTypeOptions<E, Owners<O, R & {}>, R>, ChunkedUploadExtras<E> {
  readonly path: string;
  readonly entity: Type<E>;
}

/** An upload type of `forFeature` whose options come from a factory. */
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
