import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { AppendInput } from '../chunked-upload.inputs.js';
import { APPLICATION, type UploadContext } from '../chunked-upload.context.js';
import { AcknowledgedBytes } from './acknowledged-bytes.js';
import { ChunkBody } from './chunk-body.js';
import { FirstBytes } from './first-bytes.js';
import { limitBody } from './limit-body.js';
import { nameUpload } from './name-upload.js';
import type { Reception } from './reception.js';
import { type UploadEngine, requireId } from './upload-engine.js';

/** Receives the next chunk: two statements around it, and no connection while it streams. */
export async function appendChunk<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  id: string,
  input: AppendInput,
  context: UploadContext | undefined,
): Promise<T> {
  const { offset, length = null, total = null, digests = [] } = input;
  const { keepBroken = true, mayBeEmpty = false } = input;
  const size = offset + (length ?? 0);
  const { max } = await engine.rules.announced('chunk', { size, total }, context ?? APPLICATION);
  const body = ChunkBody.from(input.body);
  const scope = engine.scope(context);
  const claim = { id: requireId(id), scope, offset, total, body };
  const { upload: claimed, writer } = await engine.writers.claim(claim);
  let bytes: AcknowledgedBytes<T> | null = null;
  try {
    const upload = await nameUpload(engine, claimed, writer, input.filename, context);
    const now = { size, total: total ?? upload.total, mimeType: upload.mimeType };
    await engine.ask('chunk', upload, now, context);
    limitBody(body, { offset, length, total: now.total, max });
    const firstBytes =
      upload.firstBytes &&
      new FirstBytes(upload.firstBytes, (mimeType) =>
        engine.ask('first-bytes', upload, { ...now, mimeType }, context),
      );
    const facts = { firstBytes, mimeType: upload.mimeType, total };
    const acknowledged = new AcknowledgedBytes(engine, writer, facts, offset, input.onCheckpoint);
    bytes = acknowledged;
    const commit = async (received: Reception): Promise<T> => {
      if (received.offset === now.total) await firstBytes?.end();
      return acknowledged.commitLast(received, received.failure !== null);
    };
    const chunk = { body, writer, offset, length, digests, firstBytes, mayBeEmpty };
    // A chunk whose digest is to be compared is refused as a whole.
    const checkpoint = digests.length > 0 || !keepBroken ? null : acknowledged;
    const { checksumState } = upload;
    const { committed, failure } = await engine.receive(
      upload,
      now.total,
      { ...chunk, checkpoint, checksumState },
      async (received) => ({ committed: await commit(received), failure: received.failure }),
    );
    if (failure) throw failure;
    return committed;
  } catch (error) {
    if (!bytes?.isComplete) await engine.giveBack(writer, error);
    throw await engine.whyBytesAreGone(error, writer);
  } finally {
    engine.writers.end(writer);
  }
}
