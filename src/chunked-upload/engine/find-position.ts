import type { UploadContext } from '../chunked-upload.context.js';
import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../chunked-upload.entity.js';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import { type UploadEngine, requireId } from './upload-engine.js';

/** Where an upload goes on: ends a silent writer of this process first, and keeps what it had sent. */
export async function findPosition<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  id: string,
  total: number | null,
  context: UploadContext | undefined,
): Promise<T> {
  const scope = engine.scope(context);
  await engine.writers.endSilent(requireId(id), scope);
  const seen = await engine.leases.look(requireId(id), scope);
  if (!seen) throw ChunkedUploadError.notFound();
  const { upload, expired } = seen;
  if (upload.status === ChunkedUploadStatus.Aborted) throw ChunkedUploadError.aborted();
  if (expired) throw ChunkedUploadError.expired();
  if (total !== null && upload.total !== null && upload.total !== total) {
    throw ChunkedUploadError.totalMismatch(upload.total, total);
  }
  return upload;
}
