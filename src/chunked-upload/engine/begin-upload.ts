import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { aboutUpload } from '../chunked-upload.errors.js';
import type { BeginInput } from '../chunked-upload.inputs.js';
import type { UploadContext } from '../chunked-upload.context.js';
import { AcknowledgedBytes } from './acknowledged-bytes.js';
import { announceBegun } from './announce.js';
import { limitBody } from './limit-body.js';
import { NewUpload } from './new-upload.js';
import type { Checkpoint, Stored } from './reception.js';
import type { UploadEngine } from './upload-engine.js';
import type { NewLease } from './writers.js';

/**
 * Receives the first chunk. The row is written when its bytes are durable, by one statement unless
 * it has an owner; that of a long chunk at its first checkpoint.
 */
export async function beginUpload<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  input: BeginInput,
  context: UploadContext,
): Promise<T> {
  const { length = null, total = null, digests = [] } = input;
  const announced = { size: length ?? 0, total };
  const { max } = await engine.rules.announced('begin', announced, context);
  const begun = new NewUpload(engine, input, announced, context);
  const { body, writer, firstBytes } = begun;
  // Null until there is a row.
  let bytes = null as AcknowledgedBytes<T> | null;
  const record = async (stored: Stored, isBroken: boolean, lease?: NewLease): Promise<T> => {
    const row = await begun.judge({ size: stored.offset, total });
    const upload = await begun.record(row, (manager) =>
      engine.repository.insert({ ...row, ...stored }, lease ?? null, manager),
    );
    writer.hasCommitted(stored.offset);
    announceBegun(engine, upload, isBroken);
    return upload;
  };
  const checkpoint: Checkpoint = {
    // What a form may still say after its file decides whether there is to be an upload at all.
    isPossible: () => bytes !== null || begun.isDescribed,
    commit: async (stored) => {
      if (bytes) {
        await bytes.commit(stored);
        return;
      }
      const lease = engine.writers.newLease(writer);
      await record(stored, false, lease);
      engine.writers.recorded(writer, lease);
      const facts = { firstBytes, mimeType: null, total };
      bytes = new AcknowledgedBytes(engine, writer, facts, stored.offset);
    },
  };
  try {
    limitBody(body, { offset: 0, length, total, max });
    await begun.judgeEarly();
    // Nobody could find an anonymous upload whose first answer was never received.
    const isKept = begun.creator !== null && digests.length === 0;
    const chunk = { body, writer, length, digests, firstBytes, offset: 0, mayBeEmpty: false };
    const { upload, failure } = await engine.receive(
      begun.file,
      total,
      { ...chunk, checkpoint: isKept ? checkpoint : null, checksumState: null },
      async (received) => {
        const isBroken = received.failure !== null;
        const committed = bytes?.commitLast(received, isBroken) ?? record(received, isBroken);
        return { upload: await committed, failure: received.failure };
      },
    );
    if (failure) throw failure;
    return upload;
  } catch (error) {
    if (!bytes) await begun.discard(error);
    else if (!bytes.isComplete) await engine.giveBack(writer, error);
    throw aboutUpload(bytes ? await engine.whyBytesAreGone(error, writer) : error, begun.id);
  } finally {
    engine.writers.end(writer);
  }
}
