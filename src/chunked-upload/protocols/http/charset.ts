import { ChunkedUploadError } from '../../chunked-upload.errors.js';

// What a client writes in a request is bytes, of which Node makes a text of one letter a byte
// (Latin-1), also where they are UTF-8.

/**
 * The text of a header, or of one of a form's part: UTF-8 (RFC 7578, section 5.1) where it can be,
 * else Latin-1, as headers always were (RFC 9110, section 5.5). `charset` goes before both.
 */
export function headerText(latin1: string, charset: string | null = null): string {
  if (isAscii(latin1)) return latin1;
  const bytes = bytesOf(latin1);
  return decode(bytes, charset ?? 'utf-8') ?? decode(bytes, 'utf-8') ?? latin1;
}

/**
 * The value of a form's or a query's field. A letter that is guessed, or replaced by a sign for one
 * that is missing, would be kept for good: so it is refused.
 *
 * @throws ChunkedUploadError `invalid_field` where the bytes are not in `charset` (default: UTF-8)
 */
export function fieldText(name: string, value: Uint8Array | string, charset: string | null) {
  if (typeof value === 'string' && isAscii(value) && isAsciiSuperset(charset)) return value;
  const text = decode(typeof value === 'string' ? bytesOf(value) : value, charset ?? 'utf-8');
  if (text !== null) return text;
  const sentence = `This field is not in the charset ${charset ?? 'UTF-8'}.`;
  throw ChunkedUploadError.invalidField(name, sentence);
}

/** Null: these bytes are not in that charset, or nobody knows it. */
function decode(bytes: Uint8Array, charset: string): string | null {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function bytesOf(latin1: string): Uint8Array {
  // Somebody before us may have decoded it.
  return Buffer.from(latin1, /^[\0-\xFF]*$/.test(latin1) ? 'latin1' : 'utf8');
}

function isAscii(text: string): boolean {
  return /^[\0-\x7F]*$/.test(text);
}

function isAsciiSuperset(charset: string | null): boolean {
  return charset === null || /^(utf-?8|us-ascii|iso-8859-1|windows-1252)$/i.test(charset);
}
