import { type TransportResponse } from './transport.js';

/**
 * - `network`: no response; the connection failed, broke or fell silent
 * - `unavailable`: the server asks to try again later (408, 423, 425, 429, any 5xx)
 * - `offset-mismatch`: the chunk does not start where the server's bytes end
 * - `too-large`: a proxy refuses requests of this size (413 without the server's `detail`)
 * - `gone`: the upload does not exist, or no longer (404, 410)
 * - `forbidden`: the user is not signed in, or not allowed to upload (401, 403), or the option
 *   `headers` threw
 * - `checksum-mismatch`: the server received different data than the file contains
 * - `refused`: by any other rule of the server
 * - `unreadable`: the file cannot be read, or changed since it was chosen
 * - `protocol`: the response is not that of a chunked-upload server, a redirect lost the request, or the
 *   headers cannot be sent
 * - `aborted`: by `abort()` or by the signal
 */
export type UploadErrorCode =
  | 'network'
  | 'unavailable'
  | 'offset-mismatch'
  | 'too-large'
  | 'gone'
  | 'forbidden'
  | 'checksum-mismatch'
  | 'refused'
  | 'unreadable'
  | 'protocol'
  | 'aborted';

/** A sentence, or sentences by the field that they are about. */
export type ErrorDetail = string | Readonly<Record<string, readonly string[]>>;

interface UploadErrorInit {
  readonly status?: number;
  readonly detail?: ErrorDetail | null;
  readonly said?: string | null;
  readonly retryAfter?: number | null;
  readonly cause?: unknown;
}

/** Why an upload failed. `message` is a sentence for the user. */
export class UploadError extends Error {
  override readonly name = 'UploadError';

  /** HTTP status of the response; 0 if there was none. */
  readonly status: number;

  /** `detail` of the response, unchanged; `null` if there was none. */
  readonly detail: ErrorDetail | null;

  /**
   * The server's own words: the sentences of `detail`, or the `message` of the host's guards, policies
   * and pipes; `null` if there are none.
   */
  readonly said: string | null;

  /** Milliseconds to wait before the next try, if the server asks for that. */
  readonly retryAfter: number | null;

  constructor(
    readonly code: UploadErrorCode,
    message: string,
    { status = 0, detail = null, said = null, retryAfter = null, cause }: UploadErrorInit = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.detail = detail;
    this.said = said ?? describe(detail);
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed a little later. */
  get transient(): boolean {
    return ['network', 'unavailable', 'offset-mismatch'].includes(this.code);
  }

  /**
   * Whether it makes sense to offer another try. It does not if the server refuses the file, no longer has
   * the upload, or the file cannot be read.
   */
  get canRetry(): boolean {
    return this.transient || ['forbidden', 'checksum-mismatch', 'protocol'].includes(this.code);
  }

  /** Whether the server takes no bytes because the upload is complete. */
  get saysComplete(): boolean {
    return isAlreadyComplete(this.detail);
  }

  /** Whether the upload was too old: nobody has removed it. */
  get saysExpired(): boolean {
    return this.status === 410 && this.detail === 'Upload has expired';
  }

  static network(cause: unknown): UploadError {
    return new UploadError('network', 'The connection to the server was lost.', { cause });
  }

  static aborted(cause?: unknown): UploadError {
    return new UploadError('aborted', 'The upload was aborted.', { cause });
  }

  static unreadable(cause: unknown): UploadError {
    const message = 'The file cannot be read. It may have been changed, moved or removed.';
    return new UploadError('unreadable', message, { cause });
  }

  static protocol(message: string): UploadError {
    return new UploadError('protocol', message);
  }

  /** @param response an answer whose status is not 2xx */
  static fromResponse(response: TransportResponse): UploadError {
    const { status } = response;
    const body = parseBody(response.text);
    const detail = readDetail(body['detail']);
    const code = codeOf(status, body, detail);
    const said = describe(detail) ?? sentencesOf(body['message']);
    const message =
      code === 'checksum-mismatch'
        ? 'The server received different data than the file contains. The file may have changed during the upload: try again.'
        : (describe(detail) ?? describeStatus(status, said));
    const retryAfter = parseRetryAfter(response.headers.get('retry-after'));
    return new UploadError(code, message, { status, detail, said, retryAfter });
  }
}

function codeOf(
  status: number,
  body: Readonly<Record<string, unknown>>,
  detail: ErrorDetail | null,
): UploadErrorCode {
  if (status >= 500 || [408, 423, 425, 429].includes(status)) return 'unavailable';
  // A proxy knows no `detail`. Where the server itself says it, the file is too large for its storage,
  // and smaller chunks would not help.
  if (status === 413) return detail === null ? 'too-large' : 'refused';
  if (status === 404 || status === 410) return 'gone';
  if (status === 401 || status === 403) return 'forbidden';
  if ('expected_offset' in body) return 'offset-mismatch';
  if (typeof detail !== 'string') return 'refused';
  if (detail.endsWith('checksum does not match')) return 'checksum-mismatch';
  // Another tab that sends the same file was quicker: it stands at the end.
  if (isAlreadyComplete(detail)) return 'offset-mismatch';
  return 'refused';
}

function isAlreadyComplete(detail: ErrorDetail | null): boolean {
  return typeof detail === 'string' && detail.startsWith('Upload has already been marked');
}

/** Nest's own answers, such as that of a wrong path, have a `message`: a sentence, or several. */
function sentencesOf(message: unknown): string | null {
  const given: unknown[] = Array.isArray(message) ? message : [message];
  const sentences = given.filter((each) => typeof each === 'string' && each !== '');
  return sentences.length > 0 ? sentences.join(', ') : null;
}

function describeStatus(status: number, said: string | null): string {
  return `The server answered with status ${status}${said === null ? '.' : `: ${said}`}`;
}

function describe(detail: ErrorDetail | null): string | null {
  if (detail === null || typeof detail === 'string') return detail;
  return (
    Object.entries(detail)
      // That it is about the file goes without saying.
      .map(([field, all]) => (field === 'file' ? all.join(' ') : `${field}: ${all.join(' ')}`))
      .join(' ')
  );
}

/** An answer of a proxy may be anything, so what is not an object of JSON counts as empty. */
function parseBody(text: string): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? { ...body } : {};
  } catch {
    return {};
  }
}

function readDetail(value: unknown): ErrorDetail | null {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return null;
  return Object.fromEntries(
    Object.entries(value).map(([field, sentences]) => [
      field,
      (Array.isArray(sentences) ? sentences : [sentences]).map(String),
    ]),
  );
}

/** `Retry-After` is a number of seconds or a date. */
function parseRetryAfter(value: string | null): number | null {
  if (value === null) return null;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now());
}
