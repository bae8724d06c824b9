import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import type { ReceivedFile } from '../http/received-file.js';

/** A chunk's place in its file, as the header says it (RFC 9110, section 14.4). */
export interface ContentRange {
  /** Offset of the first byte. */
  readonly start: number;
  /** Number of bytes. */
  readonly length: number;
  /** Size of the whole file; null for `*`. */
  readonly total: number | null;
}

const LONGEST_QUOTE = 60;
const PATTERN = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/i;

/**
 * @param bodyLength of the request, for an example that fits it; null: unknown
 * @throws ChunkedUploadError `bad_content_range` or `end_exceeds_total`
 */
export function parseContentRange(
  header: string | undefined,
  bodyLength: number | null = null,
): ContentRange {
  if (header === undefined) throw missingRange(bodyLength);
  const match = PATTERN.exec(header);
  if (!match) throw malformedRange(header);
  const start = Number(match[1]);
  const end = Number(match[2]);
  const total = match[3] === '*' ? null : Number(match[3]);
  const exact = [start, end + 1, total ?? 0].every((value) => Number.isSafeInteger(value));
  if (!exact || start > end) throw malformedRange(header);
  if (total !== null && end >= total) throw ChunkedUploadError.endExceedsTotal(total);
  return { start, length: end - start + 1, total };
}

/** What a request without bytes says of the whole file's size (RFC 9110, section 14.4); null: nothing. */
export function parseUnsatisfiedRange(header = ''): number | null {
  const [, digits] = /^bytes \*\/(\d{1,16})$/i.exec(header) ?? [];
  if (digits === undefined) return null;
  const total = Number(digits);
  if (!Number.isSafeInteger(total)) throw malformedRange(header);
  return total;
}

function missingRange(bodyLength: number | null): ChunkedUploadError {
  const size = bodyLength || 100;
  return ChunkedUploadError.badContentRange(
    `Content-Range is missing. It says which bytes of the file these are. A file of ${size} bytes ` +
      `in one chunk is "Content-Range: bytes 0-${size - 1}/${size}"; the first 100 bytes of 300 are ` +
      '"Content-Range: bytes 0-99/300"',
  );
}

function malformedRange(header: string): ChunkedUploadError {
  const given = header.length > LONGEST_QUOTE ? `${header.slice(0, LONGEST_QUOTE)}…` : header;
  return ChunkedUploadError.badContentRange(
    `Content-Range is "${given}". It names the first and the last byte of the chunk and the size of ` +
      'the file, or * if it is unknown, such as "Content-Range: bytes 0-99/300"',
  );
}

/** @throws ChunkedUploadError `empty_chunk` or `size_mismatch`, as soon as the length is known */
export function requireLength(
  { length }: ReceivedFile,
  range: ContentRange,
  fieldName: string,
): void {
  if (length === null || length === range.length) return;
  if (length === 0) throw ChunkedUploadError.emptyChunk(fieldName);
  throw ChunkedUploadError.sizeMismatch(length, range.length);
}
