import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { AppendInput } from '../chunked-upload.inputs.js';
import { APPLICATION, type UploadContext } from '../chunked-upload.context.js';
import { ChunkedUploadError, hasCode } from '../chunked-upload.errors.js';
import { AcknowledgedBytes } from './acknowledged-bytes.js';
import { ChunkBody } from './chunk-body.js';
import { findPosition } from './find-position.js';
import { FirstBytes } from './first-bytes.js';
import { limitBody } from './limit-body.js';
import { nameUpload } from './name-upload.js';
import { hasNoBytes } from './no-bytes.js';
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
  const lease = await engine.writers.claim(claim).catch(async (error: unknown) => {
    // Whoever learns only at the end of a file that it has ended sends this after its last byte.
    if (mayBeEmpty && hasCode(error, 'already_complete') && (await hasNoBytes(body))) return null;
    throw error;
  });
  if (!lease) return requirePosition(engine, id, { offset, total }, context);
  const { upload: claimed, writer } = lease;
  let bytes: AcknowledgedBytes<T> | null = null;
  try {
    // Nothing is to be stored of a file that is all there: a completion that failed may have finished it.
    const mayBeOver = mayBeEmpty && digests.length === 0;
    if (mayBeOver && claimed.total === offset && (await hasNoBytes(body))) {
      await engine.writers.release(writer);
      return claimed;
    }
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

/** The upload, of which nothing but its position is asked. */
async function requirePosition<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  id: string,
  { offset, total }: { readonly offset: number; readonly total: number | null },
  context: UploadContext | undefined,
): Promise<T> {
  const found = await findPosition(engine, id, { total, ending: 'silent' }, context);
  if (found.offset === offset) return found;
  throw ChunkedUploadError.offsetMismatch(found.offset, offset);
}
