import type { UploadContext } from '../chunked-upload.context.js';
import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../chunked-upload.entity.js';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import { type UploadEngine, requireId } from './upload-engine.js';

export interface PositionQuestion {
  /** Size of the whole file; null: not said. */
  readonly total: number | null;
  /** Which writer of this process is ended first. */
  readonly ending: 'silent' | 'any';
}

/** An upload, whatever its state. Ends a silent writer of this process first, and keeps what it had sent. */
export async function findResumable<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  id: string,
  context: UploadContext | undefined,
): Promise<T> {
  const isOver = await engine.writers.endWriter(requireId(id), engine.scope(context), 'silent');
  const upload = await engine.find(id, context);
  // The offset has to hold: a writer that is not over may yet commit what it has.
  if (!isOver && upload.status === ChunkedUploadStatus.Incomplete) throw ChunkedUploadError.busy();
  return upload;
}

/** Where an upload goes on: ends a writer of this process first, and keeps what it had sent. */
export async function findPosition<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  id: string,
  { total, ending }: PositionQuestion,
  context: UploadContext | undefined,
): Promise<T> {
  const scope = engine.scope(context);
  const isOver = await engine.writers.endWriter(requireId(id), scope, ending);
  const seen = await engine.leases.look(requireId(id), scope);
  if (!seen) throw ChunkedUploadError.notFound();
  const { upload, expired } = seen;
  if (upload.status === ChunkedUploadStatus.Aborted) throw ChunkedUploadError.aborted();
  if (expired) throw ChunkedUploadError.expired();
  if (!isOver && upload.status === ChunkedUploadStatus.Incomplete) throw ChunkedUploadError.busy();
  if (total !== null && upload.total !== null && upload.total !== total) {
    throw ChunkedUploadError.totalMismatch(upload.total, total);
  }
  if (total !== null && upload.offset > total) throw ChunkedUploadError.endExceedsTotal(total);
  return upload;
}
