import type { UploadContext } from '../chunked-upload.context.js';
import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../chunked-upload.entity.js';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { Scope } from '../database/upload-table.js';
import { type UploadEngine, requireId } from './upload-engine.js';

export interface PositionQuestion {
  /** Size of the whole file; null: not said. */
  readonly total: number | null;
  /** Which writer of this process is ended first. Default: a silent one. */
  readonly ending?: 'silent' | 'any';
  /** Whether the storage is asked if it still has the bytes of an unfinished upload. Default: no. */
  readonly verified?: boolean;
}

/**
 * Where an upload goes on: ends a writer of this process first, and keeps what it had sent.
 * @throws ChunkedUploadError `bytes_missing` where `verified` and the storage says that it has fewer
 */
export async function findPosition<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  id: string,
  { total, ending = 'silent', verified = false }: PositionQuestion,
  context: UploadContext | undefined,
): Promise<T> {
  const scope = engine.scope(context);
  const { writers } = engine;
  const isOver = await writers.endWriter(requireId(id), scope, ending);
  // The answer has to hold: one that is still being ended may yet commit what it has.
  if (ending === 'any' && !isOver) throw ChunkedUploadError.busy();
  const upload = await positionOf(engine, id, total, scope);
  if (!verified || (await hasBytes(engine, upload))) return upload;
  // Looked at again: it may have moved, or been completed, between the one look and the other.
  const again = await positionOf(engine, id, total, scope);
  if (await hasBytes(engine, again)) return again;
  throw ChunkedUploadError.bytesMissing();
}

async function positionOf<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  id: string,
  total: number | null,
  scope: Scope,
): Promise<T> {
  const seen = await engine.leases.look(requireId(id), scope);
  if (!seen) throw ChunkedUploadError.notFound();
  const { upload, expired } = seen;
  if (upload.status === ChunkedUploadStatus.Aborted) throw ChunkedUploadError.aborted();
  if (expired) throw ChunkedUploadError.expired();
  if (total !== null && upload.total !== null && upload.total !== total) {
    throw ChunkedUploadError.totalMismatch(upload.total, total);
  }
  if (total !== null && upload.offset > total) throw ChunkedUploadError.endExceedsTotal(total);
  return upload;
}

/** Whether what was acknowledged is there, or may be: a storage that does not answer says nothing. */
async function hasBytes<T extends AbstractChunkedUpload>(
  { type }: UploadEngine<T>,
  upload: T,
): Promise<boolean> {
  const { offset, status } = upload;
  if (offset === 0 || status !== ChunkedUploadStatus.Incomplete) return true;
  return type.storage.holds(upload, offset).catch(() => true);
}
