import type { IncomingMessage } from 'node:http';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { fieldOf } from './host-request.js';

/**
 * A size in bytes that a header says; null: it is not there.
 *
 * @throws ChunkedUploadError `malformed_request`
 */
export function sizeField(incoming: IncomingMessage, name: string): number | null {
  const text = fieldOf(incoming, name.toLowerCase())?.trim();
  if (text === undefined) return null;
  const size = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(size)) return size;
  throw ChunkedUploadError.malformedRequest(`${name} has to be a size in bytes, such as 1048576`);
}
