import { ChunkedUploadError } from '../../chunked-upload.errors.js';

/**
 * What a store answered in place of what it was asked for. It is not the SDK's own error, which holds
 * the request with its signature, and all of the connection.
 */
export class S3Error extends Error {
  override readonly name = 'S3Error';

  constructor(
    message: string,
    /** The store's name for what went wrong. */
    readonly code: string,
    /** Of the HTTP answer; null: there was none. */
    readonly status: number | null,
    /** What the store's operator finds it by. */
    readonly requestId: string | null,
  ) {
    super(message);
  }
}

/** What an error of the SDK says of itself, whichever version of it threw it. */
interface SdkError {
  readonly name?: string;
  readonly message?: string;
  readonly Code?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
}

/** An error of the SDK as ours; others, such as those of a connection, stay what they are. */
export function asS3Error(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return error;
  const { name = '', message = '', Code, code, $metadata } = error as SdkError;
  const status = $metadata?.httpStatusCode ?? null;
  // One of the connection, to which the SDK has put how often it tried.
  if (status === null && code !== undefined) return new Error(message, { cause: code });
  const called = Code ?? name;
  const said =
    message === '' || message === 'UnknownError' || message === called ? '' : `: ${message}`;
  const answered = status === null ? '' : ` (HTTP ${status})`;
  return new S3Error(`${called}${answered}${said}`, called, status, $metadata?.requestId ?? null);
}

/** Refused, but not for good: the same call may succeed. */
const TRANSIENT = new Set([
  'BadDigest',
  'IncompleteBody',
  'InternalError',
  'OperationAborted',
  'RequestTimeTooSkewed',
  'RequestTimeout',
  'ServiceUnavailable',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'XAmzContentSHA256Mismatch',
]);

/** MinIO's, Ceph's and the HTTP status' words for the same. */
const FULL = new Set(['QuotaExceeded', 'XMinioStorageFull', 'InsufficientStorage']);

const UNSUPPORTED = new Set(['NotImplemented', 'MethodNotAllowed', 'UnsupportedOperation']);

function codeOf(error: unknown): string {
  return error instanceof S3Error ? error.code : '';
}

function statusOf(error: unknown): number | null {
  return error instanceof S3Error ? error.status : null;
}

/**
 * Whether the store refused the call for good. Of all other errors nobody knows what became of the
 * call: it may take effect yet.
 */
export function isRefusal(error: unknown): boolean {
  const status = statusOf(error);
  if (status === null || status >= 500 || status === 408 || status === 429)
    return isUnsupported(error);
  return status >= 400 && !TRANSIENT.has(codeOf(error));
}

/** Whether the store did not answer: the call may be on its way yet. */
export function isUnanswered(error: unknown): boolean {
  return !(error instanceof ChunkedUploadError) && statusOf(error) === null;
}

/**
 * Whether there is no such object. Not by the status alone, which may be that of anything on the way
 * or of a bucket that is gone: but an answer to HEAD has no other.
 */
export function isNoObject(error: unknown): boolean {
  return codeOf(error) === 'NoSuchKey';
}

/** Whether a HEAD was answered with 404, from wherever. */
export function isNotFound(error: unknown): boolean {
  return statusOf(error) === 404;
}

/**
 * Whether there is no such multipart upload: it was aborted, or completed. Ceph's gateways of some
 * hosts call it by the name of the object.
 */
export function isNoUpload(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'NoSuchUpload' || code === 'NoSuchKey';
}

/** Whether the store does not know such a call, or not for such a request. */
export function isUnsupported(error: unknown): boolean {
  return UNSUPPORTED.has(codeOf(error)) || statusOf(error) === 501 || statusOf(error) === 405;
}

/** Whether the store refuses to complete an upload with the parts that it was given. */
export function isPartsRefusal(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'InvalidPart' || code === 'InvalidPartOrder' || code === 'EntityTooSmall';
}

/**
 * How many parts the store says that an upload may have, where it refuses one for its number; null: it
 * says nothing of that. ("Part number must be an integer between 1 and 1000, inclusive")
 */
export function mostPartsOf(error: unknown): number | null {
  if (!(error instanceof S3Error) || error.status !== 400 || isPartsRefusal(error)) return null;
  const [, most] = /part.?number\D+1\D+([\d,]+)/i.exec(error.message) ?? [];
  return most === undefined ? null : Number(most.replaceAll(',', ''));
}

/** Who asks is not known any more: that is no word about what is asked. */
const UNKNOWN_CALLER = new Set(['ExpiredToken', 'InvalidToken', 'TokenRefreshRequired']);

function isLasting(error: unknown): boolean {
  const code = codeOf(error);
  return statusOf(error) === 400 && !UNKNOWN_CALLER.has(code) && !TRANSIENT.has(code);
}

/** Whether the store cannot do with such a request, though it is as S3's documentation says. */
export function isMisunderstood(error: unknown): boolean {
  return isUnsupported(error) || isLasting(error);
}

/** `error` as the storage throws it: named where the engine has a name for it. */
export function asStorageError(error: unknown): unknown {
  if (error instanceof ChunkedUploadError) return error;
  const code = codeOf(error);
  if (FULL.has(code) || statusOf(error) === 507) return ChunkedUploadError.storageFull(error);
  if (code === 'EntityTooLarge') return ChunkedUploadError.exceedsStorage(error);
  return error;
}
