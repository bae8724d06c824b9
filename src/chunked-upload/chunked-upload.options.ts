import type { IncomingHttpHeaders } from 'node:http';
import type {
  DynamicModule,
  ForwardReference,
  InjectionToken,
  OptionalFactoryDependency,
  Type,
} from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ChecksumAlgorithm } from './checksum/algorithms.js';
import type { AbstractChunkedUpload } from './chunked-upload.entity.js';
import type { ChunkedUploadController } from './protocols/content-range/content-range.controller.js';
import type { StorageProvider } from './storage/storage.provider.js';

/** Who asks, and by what: handed to limits and hooks. */
export interface UploadContext {
  /** The caller, as the option `user` names it; null: anonymous. */
  readonly creator: string | null;
  /** The framework's request; undefined where the service is called without HTTP. */
  readonly request?: unknown;
}

/** A size in bytes, fixed or by caller; null: no limit. */
export type SizeLimit =
  number | null | ((context: UploadContext) => number | null | Promise<number | null>);

export interface CompletionContext {
  /** Of the transaction that marks the upload complete: what it writes commits with it, or not. */
  readonly manager: EntityManager;
  readonly request?: unknown;
}

/**
 * What it returns must be JSON: it is the answer, and kept for whoever completes again.
 * A method's type, so that one for the host's own entity is taken as well.
 */
export type OnComplete<T extends AbstractChunkedUpload = AbstractChunkedUpload> = {
  method(upload: T, context: CompletionContext): unknown;
}['method'];

/** What a guard has made of the request: Express' or Fastify's, with a user. */
export interface RequestWithUser {
  readonly user?: { readonly id?: string | number | bigint | null };
  readonly headers: IncomingHttpHeaders;
}

/** Names the caller; a method's type, so that one for the host's own kind of request is taken. */
export type UserOf = {
  method(request: RequestWithUser): string | number | bigint | null | undefined;
}['method'];

type ImportedModule = Type | DynamicModule | Promise<DynamicModule> | ForwardReference;

/** What has to be known while modules are put together. */
export interface ChunkedUploadExtras {
  /** Where the controller is mounted, below the host's prefix; `false`: no upload type at all. */
  readonly path?: string | false;
  /** The table: `ChunkedUpload`, or a subclass of `AbstractChunkedUpload`. */
  readonly entity?: Type<AbstractChunkedUpload>;
  /** A subclass with decorators of its own; `false`: no routes, the service alone. */
  readonly controller?: Type<ChunkedUploadController> | false;
  /** Name of the TypeORM data source. */
  readonly dataSource?: string;
  /** Modules whose providers the controller and its guards inject. */
  readonly imports?: ImportedModule[];
}

/** What can wait until the application starts. */
export interface ChunkedUploadTypeOptions {
  /** Default: `new LocalDiskStorage({ root: 'media' })`. */
  readonly storage?: StorageProvider;
  /** Folder of the bytes, strftime in UTC. Default: `'chunked_uploads/%Y/%m/%d'`. */
  readonly uploadPath?: string;
  /** `'.part'`: an unfinished upload of `a.bin` is kept as `<id>.part.bin`. */
  readonly incompleteExt?: string;
  /** `'.done'`: complete it is `<id>.done.bin`. The same as `incompleteExt`: no renaming. */
  readonly completeExt?: string;
  /** Milliseconds, or a duration such as `'1d'`; `null`: never. Default: `'1d'`. */
  readonly expiresIn?: number | string | null;
  /** What `expiresIn` counts from: the creation (default), or with `'rolling'` the last chunk. */
  readonly expiry?: 'creation' | 'rolling';
  /** How long a writer that died blocks its upload in other processes. Default: `'10s'`. */
  readonly leaseTime?: number | string;
  /** Whether callers see only their own uploads. Default: true. */
  readonly userRestricted?: boolean;
  /** Who calls; null or undefined: anonymous. Default: `request.user?.id`. */
  readonly user?: UserOf;
  readonly minBytes?: SizeLimit;
  readonly maxBytes?: SizeLimit;
  /** Name of the file's part in a form. Default: `'file'`. */
  readonly fieldName?: string;
  /** Verified at completion. Default: `'md5'`; `false`: none. */
  readonly checksum?: ChecksumAlgorithm | false;
  /** Runs inside the transaction that marks the upload complete. If it throws, it is not. */
  readonly onComplete?: OnComplete;
}

export interface ChunkedUploadOptions extends ChunkedUploadTypeOptions, ChunkedUploadExtras {}

/** A type of `forFeature`: what it leaves out it takes from `forRoot`. */
export interface UploadTypeOptions extends ChunkedUploadTypeOptions, ChunkedUploadExtras {
  readonly path: string;
  readonly entity: Type<AbstractChunkedUpload>;
}

/** A type of `forFeature` whose options come from a factory. */
export interface UploadTypeAsyncOptions extends ChunkedUploadExtras {
  readonly path: string;
  readonly entity: Type<AbstractChunkedUpload>;
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
  readonly useFactory: (
    ...dependencies: never[]
  ) => ChunkedUploadTypeOptions | Promise<ChunkedUploadTypeOptions>;
}
