import type { IncomingHttpHeaders } from 'node:http';
import type { EntityManager } from 'typeorm';
import type { AbstractChunkedUpload } from './chunked-upload.entity.js';

/** What a caller's files may measure, in bytes. */
export interface SizeLimits {
  readonly min: number;
  /** Null: no limit. */
  readonly max: number | null;
}

/** Whose uploads a caller may touch; a null among the creators: those that somebody anonymous began. */
export type UploadAccess = 'all' | { readonly creators: readonly (string | null)[] };

/** Who asks, and by what: handed to limits, policies and hooks. `R`: the host's kind of request. */
export interface UploadContext<R = unknown> {
  /** The caller, as the option `user` names it; null: anonymous. */
  readonly creator: string | null;
  /** The framework's request; undefined where the service is called without HTTP. */
  readonly request?: R;
  /** Name of the protocol that the request speaks; left out where the service is called without HTTP. */
  readonly protocol?: string;
  /** In place of what `userRestricted` says. */
  readonly access?: UploadAccess;
  /** In place of what `minBytes` and `maxBytes` say. */
  readonly limits?: () => SizeLimits | Promise<SizeLimits>;
}

/** The application itself, where a service's method is called without a caller. */
export const APPLICATION: UploadContext = Object.freeze({ creator: null });

/** A number of bytes; null: no limit. */
export type Size = number | null;

/** A size in bytes, fixed or by caller; null: no limit. */
export type SizeLimit<R = unknown> =
  Size | { method(context: UploadContext<R>): Size | Promise<Size> }['method'];

export interface CompletionContext<R = unknown> {
  /** Of the transaction that marks the upload complete: what it writes commits with it, or not. */
  readonly manager: EntityManager;
  /** The framework's request; undefined where the service is called without HTTP. */
  readonly request?: R;
}

/**
 * What it returns must be JSON: it is the answer, and kept for whoever completes again.
 * A method's type, so that one for the host's own entity is taken as well.
 */
export type OnComplete<T extends AbstractChunkedUpload = AbstractChunkedUpload, R = unknown> = {
  method(upload: T, context: CompletionContext<R>): unknown;
}['method'];

/**
 * A caller's id. A number must be whole and at most 2^53 - 1; of objects MongoDB's ObjectId is one. Null
 * or undefined: anonymous. All else, an empty text included, is a mistake of the host, and answered 500.
 */
export type UserId = string | number | bigint | { toHexString(): string } | null | undefined;

/** What a guard has made of the request: Express' or Fastify's, with a user. */
export interface RequestWithUser {
  readonly user?: {
    readonly id?: UserId;
    readonly userId?: UserId;
    readonly sub?: UserId;
    readonly [claim: string]: UserId;
  };
  readonly headers: IncomingHttpHeaders;
}

/** Names the caller; a method's type, so that one for the host's own kind of request is taken. */
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
