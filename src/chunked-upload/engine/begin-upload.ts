import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { aboutUpload } from '../chunked-upload.errors.js';
import type { BeginInput } from '../chunked-upload.inputs.js';
import type { UploadContext } from '../chunked-upload.context.js';
import { announceBegun } from './announce.js';
import { limitBody } from './limit-body.js';
import { NewUpload } from './new-upload.js';
import type { UploadEngine } from './upload-engine.js';

/**
 * Receives the first chunk; the row is written when its bytes are durable, by one statement unless it
 * has an owner.
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
  try {
    limitBody(body, { offset: 0, length, total, max });
    await begun.judgeEarly();
    // Nobody could find an anonymous upload whose first answer was never received.
    const keepBroken = context.creator !== null;
    const { failure, ...received } = await engine.receive(begun.file, total, {
      body,
      writer,
      length,
      digests,
      firstBytes,
      keepBroken,
      checksumState: null,
      offset: 0,
      mayBeEmpty: false,
    });
    const row = await begun.judge({ size: received.offset, total });
    const upload = await begun.record(row, (manager) =>
      engine.repository.insert({ ...row, ...received }, manager),
    );
    announceBegun(engine, upload, failure !== null);
    if (failure) throw failure;
    return upload;
  } catch (error) {
    await begun.discard();
    throw aboutUpload(error, begun.id);
  } finally {
    engine.writers.end(writer);
  }
}
