import { ChunkedUploadError } from '../../chunked-upload.errors.js';

/** A chunk's place in its file, as the header says it (RFC 9110, section 14.4). */
export interface ContentRange {
  /** Offset of the first byte. */
  readonly start: number;
  /** Number of bytes. */
  readonly length: number;
  /** Size of the whole file; null for `*`. */
  readonly total: number | null;
}

const PATTERN = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/i;

/** @throws ChunkedUploadError `bad_content_range` or `end_exceeds_total` */
export function parseContentRange(header: string | undefined): ContentRange {
  const match = PATTERN.exec(header ?? '');
  if (!match) throw ChunkedUploadError.badContentRange();
  const start = Number(match[1]);
  const end = Number(match[2]);
  const total = match[3] === '*' ? null : Number(match[3]);
  const exact = [start, end + 1, total ?? 0].every((value) => Number.isSafeInteger(value));
  if (!exact || start > end) throw ChunkedUploadError.badContentRange();
  if (total !== null && end >= total) throw ChunkedUploadError.endExceedsTotal(total);
  return { start, length: end - start + 1, total };
}
