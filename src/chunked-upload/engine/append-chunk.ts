import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { AppendInput } from '../chunked-upload.inputs.js';
import type { UploadContext } from '../chunked-upload.options.js';
import { ChunkBody } from './chunk-body.js';
import { limitBody } from './limit-body.js';
import { type UploadEngine, requireId } from './upload-engine.js';

/** Receives the next chunk: two statements around it, and no connection while it streams. */
export async function appendChunk<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  id: string,
  input: AppendInput,
  context: UploadContext | undefined,
): Promise<T> {
  const { offset, length = null, total = null, digests = [] } = input;
  const { max } = await engine.checkAnnounced(context, offset + (length ?? 0), total);
  const body = ChunkBody.from(input.body);
  const scope = engine.scope(context);
  const claim = { id: requireId(id), scope, offset, total, body };
  const { upload, writer } = await engine.writers.claim(claim);
  let leased = true;
  try {
    limitBody(body, { offset, length, total: total ?? upload.total, max });
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
