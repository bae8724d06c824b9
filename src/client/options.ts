import { type ChecksumAlgorithm } from './file-checksum.js';
import { type Progress, type UploadState } from './progress.js';
import { type HeaderSource } from './request-headers.js';
import { type Credentials, type Transport } from './transport.js';
import { type UploadError } from './upload-error.js';
import { type KeyValueStorage } from './upload-memory.js';
import { type Fields } from './upload-owner.js';

/** The upload is about to be tried again. */
export interface Retry {
  /** Why the last try failed. */
  readonly error: UploadError;
  /** 1 for the first retry after any progress. */
  readonly attempt: number;
  /** Milliseconds until the retry. */
  readonly delay: number;
}

export interface ChunkedUploadOptions {
  /** URL of the upload type, e.g. `/uploads`. Outside a page it must be absolute. */
  readonly endpoint: string | URL;
  /** Sent with every request, e.g. `Authorization`. */
  readonly headers?: HeaderSource;
  /** Whether cookies go to other origins; default `same-origin`. */
  readonly credentials?: Credentials;
  /** Bytes in one request; default 8 MiB. */
  readonly chunkSize?: number;
  /** Form fields sent with the first request, such as `owner_type` and `owner_id`. */
  readonly fields?: Fields;
  /** The file's folder, such as `Photos/2026`: files with the same name in two folders are two uploads. */
  readonly folder?: string;
  /** Default: the file's own name; needed for a `Blob`, which has none. */
  readonly fileName?: string;
  /** Must match the server's `checksum` option; default `md5`. `false`: none. */
  readonly checksum?: ChecksumAlgorithm | false;
  /**
   * Milliseconds before the first, second, … retry without progress in between; after the last one the
   * upload fails. Default: growing pauses of up to a minute, without end.
   */
  readonly retryDelays?: readonly number[];
  /** Milliseconds after which a silent connection is given up; default 30 s, 0: never. Browsers only. */
  readonly stallTimeout?: number;
  /** Where unfinished uploads are remembered; default `localStorage` in a page. `null`: nowhere. */
  readonly storage?: KeyValueStorage | null;
  /** User id, if several users share one browser storage. */
  readonly scope?: string;
  /** Stops the upload when aborted; unlike `abort()`, it keeps what the server has received. */
  readonly signal?: AbortSignal;
  /** How requests are sent; default XMLHttpRequest in browsers, `fetch` elsewhere. */
  readonly transport?: Transport;
  readonly onProgress?: (progress: Progress) => void;
  readonly onStateChange?: (state: UploadState) => void;
  readonly onRetry?: (retry: Retry) => void;
}

export const DEFAULTS = {
  credentials: 'same-origin',
  chunkSize: 8 * 1024 * 1024,
  checksum: 'md5',
  stallTimeout: 30_000,
} as const satisfies Partial<ChunkedUploadOptions>;
