import { type ChecksumAlgorithm } from './file-checksum.js';
import { type Progress, type UploadState } from './progress.js';
import { type HeaderSource } from './remote-uploads.js';
import { type Credentials, type Transport } from './transport.js';
import { type UploadError } from './upload-error.js';
import { type KeyValueStorage } from './upload-memory.js';
import { type Fields } from './upload-owner.js';

/** A further try is coming. */
export interface Retry {
  /** Why the last one failed. */
  readonly error: UploadError;
  /** 1 for the first try after progress was made. */
  readonly attempt: number;
  /** Milliseconds until then. */
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
  /** What the first request tells beside the name, e.g. `owner_type` and `owner_id`. */
  readonly fields?: Fields;
  /** Where the file lies, such as `Photos/2026`: files of one name in two folders are not one upload. */
  readonly folder?: string;
  /** Default: the file's own name; needed for a `Blob`, which has none. */
  readonly fileName?: string;
  /** The sum that the server asks for; default `md5`. `false`: none. */
  readonly checksum?: ChecksumAlgorithm | false;
  /**
   * Milliseconds before the first, second, … further try without progress in between; after the
   * last one the upload fails. Default: growing pauses of up to a minute, for as long as it takes.
   */
  readonly retryDelays?: readonly number[];
  /** Milliseconds after which a silent connection is given up; default 30 s, 0: never. Browsers only. */
  readonly stallTimeout?: number;
  /** Where unfinished uploads are remembered; default `localStorage` in a page. `null`: nowhere. */
  readonly storage?: KeyValueStorage | null;
  /** Whose uploads they are, where several callers share one storage, e.g. a user's id. */
  readonly scope?: string;
  /** Stops the upload when aborted; unlike `abort()` it leaves what has arrived on the server. */
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
