import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { ChunkBody } from './chunk-body.js';

/** What is known of a chunk's size before its first byte; null: nothing. */
export interface ChunkBounds {
  readonly offset: number;
  /** Bytes that were announced for this chunk. */
  readonly length: number | null;
  /** Size of the whole file. */
  readonly total: number | null;
  /** The largest size that the caller may upload. */
  readonly max: number | null;
}

/** Stops a body at the first byte too many, whatever the bound that it breaks. */
export function limitBody(body: ChunkBody, { offset, length, total, max }: ChunkBounds): void {
  if (total !== null && offset + (length ?? 0) > total) {
    throw ChunkedUploadError.endExceedsTotal(total);
  }
  if (length !== null) {
    body.limitTo(length, (received) => ChunkedUploadError.sizeMismatch(received, length));
  } else if (total !== null) {
    body.limitTo(total - offset, () => ChunkedUploadError.endExceedsTotal(total));
  } else if (max !== null) {
    body.limitTo(Math.max(0, max - offset), () => ChunkedUploadError.tooLarge(max));
  }
}
