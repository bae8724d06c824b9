import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { AppendInput } from '../chunked-upload.inputs.js';
import type { UploadContext } from '../chunked-upload.options.js';
import { ChunkBody } from './chunk-body.js';
import { type UploadEngine, requireId } from './upload-engine.js';

/** Receives the next chunk: two statements around it, and no connection while it streams. */
export async function appendChunk<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  id: string,
  input: AppendInput,
  context: UploadContext | undefined,
): Promise<T> {
  const { offset, length = null, total = null, digests = [] } = input;
  await engine.checkAnnounced(context, offset + (length ?? 0), total);
  const body = ChunkBody.from(input.body);
  const scope = engine.scope(context);
  const claim = { id: requireId(id), scope, offset, total, body };
  const { upload, writer } = await engine.writers.claim(claim);
  let leased = true;
  try {
    limit(body, offset, length, total ?? upload.total);
    const { failure, ...received } = await engine.receive(upload, total ?? upload.total, {
      body,
      writer,
      offset,
      length,
      digests,
      checksumState: upload.checksumState,
      mayBeEmpty: false,
      keepBroken: true,
    });
    const progress = { ...received, total };
    const committed = await engine.leases.commit(upload.id, writer.token, progress);
    if (!committed) throw await engine.lost(writer);
    leased = false;
    if (failure) throw failure;
    return committed;
  } catch (error) {
    if (leased) await engine.writers.release(writer);
    throw error;
  } finally {
    engine.writers.end(writer);
  }
}

function limit(body: ChunkBody, offset: number, length: number | null, total: number | null): void {
  if (total !== null && offset + (length ?? 0) > total) {
    throw ChunkedUploadError.endExceedsTotal(total);
  }
  const most = length ?? (total === null ? null : total - offset);
  if (most !== null) {
    body.limitTo(most, (received) => ChunkedUploadError.sizeMismatch(received, most));
  }
}
