import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../chunked-upload.entity.js';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { Sighting } from '../database/lease.types.js';
import type { Scope } from '../database/upload-table.js';
import type { ChunkBody } from './chunk-body.js';
import type { Writer } from './writer.js';

/** What a request that wants to write, or to complete, an upload brings along. */
export interface Claim {
  readonly id: string;
  readonly scope: Scope;
  /** Where its bytes begin; null: it completes. */
  readonly offset: number | null;
  readonly total: number | null;
  readonly body: ChunkBody | null;
}

/** Throws what is final about an upload that could not be leased. */
export function refuse<T extends AbstractChunkedUpload>(
  seen: Sighting<T> | null,
  claim: Claim,
): asserts seen is Sighting<T> {
  if (!seen) throw ChunkedUploadError.notFound();
  const { upload } = seen;
  if (upload.status === ChunkedUploadStatus.Aborted) throw ChunkedUploadError.aborted();
  if (upload.status === ChunkedUploadStatus.Complete) throw ChunkedUploadError.alreadyComplete();
  if (seen.expired) throw ChunkedUploadError.expired();
  if (seen.leased) return;
  if (claim.total !== null && upload.total !== null && claim.total !== upload.total) {
    throw ChunkedUploadError.totalMismatch(upload.total, claim.total);
  }
  if (claim.offset !== null && claim.offset !== upload.offset) {
    throw ChunkedUploadError.offsetMismatch(upload.offset, claim.offset);
  }
}

/** Whether who has this scope may know of the upload. */
export function mayTouch(scope: Scope, writer: Writer): boolean {
  return scope === undefined || scope.creators.includes(writer.creator);
}
