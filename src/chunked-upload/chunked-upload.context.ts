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

/** Who asks, and by what: handed to limits, policies and hooks. */
export interface UploadContext {
  /** The caller, as the option `user` names it; null: anonymous. */
  readonly creator: string | null;
  /** The framework's request; undefined where the service is called without HTTP. */
  readonly request?: unknown;
  /** In place of what `userRestricted` says. */
  readonly access?: UploadAccess;
  /** In place of what `minBytes` and `maxBytes` say. */
  readonly limits?: () => SizeLimits | Promise<SizeLimits>;
}

/** The application itself, where a service's method is called without a caller. */
export const APPLICATION: UploadContext = Object.freeze({ creator: null });

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

/** Of a caller; null or undefined: anonymous. */
export type UserId = string | number | bigint | null | undefined;

/** Names the caller; a method's type, so that one for the host's own kind of request is taken. */
export type UserOf = {
  method(request: RequestWithUser): UserId;
}['method'];
