import type { IncomingHttpHeaders } from 'node:http';
import type { EntityManager } from 'typeorm';
import type { AbstractChunkedUpload } from './chunked-upload.entity.js';

/** The allowed size of a caller's files, in bytes. */
export interface SizeLimits {
  readonly min: number;
  /** Null: no limit. */
  readonly max: number | null;
}

/** Whose uploads a caller may see and touch. Null in `creators` stands for anonymous uploads. */
export type UploadAccess = 'all' | { readonly creators: readonly (string | null)[] };

/** The caller and the request; limits, policies and hooks get it. `R`: the type of the request. */
export interface UploadContext<R = unknown> {
  /** The caller, as the option `user` names it; null: anonymous. */
  readonly creator: string | null;
  /** The request of Express or Fastify; undefined if the service is called without HTTP. */
  readonly request?: R;
  /** Name of the protocol that the request speaks; undefined if the service is called without HTTP. */
  readonly protocol?: string;
  /** Overrides `userRestricted`. */
  readonly access?: UploadAccess;
  /** Overrides `minBytes` and `maxBytes`. */
  readonly limits?: () => SizeLimits | Promise<SizeLimits>;
}

/** The application itself, where a service's method is called without a caller. */
export const APPLICATION: UploadContext = Object.freeze({ creator: null });

/** A number of bytes; null: no limit. */
export type Size = number | null;

/** A size in bytes, or a function that returns one for the caller; null: no limit. */
export type SizeLimit<R = unknown> =
  Size | { method(context: UploadContext<R>): Size | Promise<Size> }['method'];

export interface CompletionContext<R = unknown> {
  /** Belongs to the transaction that marks the upload complete: both commit together, or neither. */
  readonly manager: EntityManager;
  /** The request of Express or Fastify; undefined if the service is called without HTTP. */
  readonly request?: R;
}

/**
 * Runs when an upload completes. What it returns must be JSON: it is the answer, and it is stored for
 * clients that complete again. (Declared as a method, so that `upload` may be typed as your own entity.)
 */
export type OnComplete<T extends AbstractChunkedUpload = AbstractChunkedUpload, R = unknown> = {
  method(upload: T, context: CompletionContext<R>): unknown;
}['method'];

/**
 * A caller's id: a non-empty string, a whole number up to 2^53 - 1, a bigint, or MongoDB's ObjectId. Null
 * or undefined: anonymous. Anything else is a mistake of the application and is answered 500.
 */
export type UserId = string | number | bigint | { toHexString(): string } | null | undefined;

/** A request of Express or Fastify to which a guard has added the user. */
export interface RequestWithUser {
  readonly user?: {
    readonly id?: UserId;
    readonly userId?: UserId;
    readonly sub?: UserId;
    readonly [claim: string]: UserId;
  };
  readonly headers: IncomingHttpHeaders;
}

/** Returns the caller's id. (Declared as a method, so that you may give it your own request type.) */
export type UserOf<R = RequestWithUser> = {
  method(request: R): UserId | Promise<UserId>;
}['method'];

/**
 * A hook whose last parameter the host has typed itself: what its guards make of a request it alone
 * knows. Stands in a union with the hook's usual type; of two signatures, since TypeScript then takes
 * the type of a parameter without one from the other member of the union.
 */
export interface HookOfHost<Parameters extends unknown[], Answer> {
  (...parameters: [...Parameters, typed: never]): Answer;
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it tells the two apart
  <_>(...parameters: [...Parameters, typed: never]): Answer;
}
