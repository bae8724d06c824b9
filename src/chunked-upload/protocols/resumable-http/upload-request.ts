import type { IncomingMessage } from 'node:http';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { fieldOf } from '../http/host-request.js';
import { type InteropVersion, NEWEST, interopVersion } from './interop-version.js';
import { booleanItem, integerItem } from './structured-fields.js';

/** What a request says of its upload (section 4.1); null: nothing, or what has to be passed over. */
export interface UploadRequest {
  /** Null: none that is known, so that no interim response may be sent. */
  readonly version: InteropVersion | null;
  /** The rules that it is to be judged by. */
  readonly rules: InteropVersion;
  readonly offset: number | null;
  /** Whether its content ends the file. */
  readonly complete: boolean | null;
  /** Size of the whole file, as the request itself says it. */
  readonly length: number | null;
  /** Bytes of its content, where they are announced. */
  readonly contentLength: number | null;
}

export function uploadRequest(incoming: IncomingMessage): UploadRequest {
  const version = interopVersion(incoming);
  const rules = version ?? NEWEST;
  const contentLength = incoming.headers['content-length'];
  return {
    version,
    rules,
    offset: integerItem(fieldOf(incoming, 'upload-offset')),
    complete: completeness(incoming, rules),
    length: integerItem(fieldOf(incoming, 'upload-length')),
    contentLength: contentLength === undefined ? null : Number(contentLength),
  };
}

/** In interop version 3 the field said the opposite, and its absence that the content is all there is. */
function completeness(incoming: IncomingMessage, rules: InteropVersion): boolean | null {
  if (rules > 3) return booleanItem(fieldOf(incoming, 'upload-complete'));
  return !booleanItem(fieldOf(incoming, 'upload-incomplete'));
}

/**
 * Size of the whole file by what says it: `Upload-Length`, and the content where that is the rest of
 * the file (section 4.1.3).
 *
 * @throws ChunkedUploadError `total_mismatch` where they disagree
 */
export function announcedLength(
  { length, complete, contentLength }: UploadRequest,
  offset: number,
): number | null {
  if (!complete || contentLength === null) return length;
  const end = offset + contentLength;
  if (length !== null && length !== end) throw ChunkedUploadError.totalMismatch(length, end);
  return end;
}

/** @throws ChunkedUploadError for fields that a request to ask or to cancel could not bear until version 5 */
export function refuseStateFields({ rules, offset, complete }: UploadRequest): void {
  const saysComplete = rules > 3 && complete !== null;
  if (rules > 5 || (offset === null && !saysComplete)) return;
  const field = offset === null ? 'Upload-Complete' : 'Upload-Offset';
  throw ChunkedUploadError.malformedRequest(`A request without content cannot have ${field}`);
}
