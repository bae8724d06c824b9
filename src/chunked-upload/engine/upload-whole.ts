import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { CompletedUpload, WholeInput } from '../chunked-upload.inputs.js';
import type { UploadContext } from '../chunked-upload.options.js';
import { storageFailure } from '../storage/storage-failure.js';
import { limitBody } from './limit-body.js';
import { NewUpload, late } from './new-upload.js';
import { runCompletion } from './run-completion.js';
import type { UploadEngine } from './upload-engine.js';

/** Receives and completes a file in one request. Whatever goes wrong, nothing of it is left. */
export async function uploadWhole<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  input: WholeInput,
  context: UploadContext,
): Promise<CompletedUpload<T>> {
  const { repository, type } = engine;
  const { length = null, digests = [] } = input;
  const { max } = await engine.checkAnnounced(context, length ?? 0, length);
  const begun = new NewUpload(engine, input, context);
  const { body, writer, file } = begun;
  try {
    limitBody(body, { offset: 0, length, total: null, max });
    const received = await engine.receive(file, length, {
      body,
      writer,
      length,
      digests,
      checksumState: null,
      offset: 0,
      mayBeEmpty: true,
      keepBroken: false,
    });
    const size = received.offset;
    const given = late(input.checksum)();
    engine.requireChecksum(given);
    const checksum = (await type.checksum?.digest(received.checksumState, size)) ?? null;
    engine.compareChecksum(checksum, given);
    await engine.checkFinal(context, size);
    const written = { ...file, storageState: received.storageState };
    const storageState = await type.storage.finish(written, size).catch(storageFailure);
    const row = {
      ...begun.describe(),
      offset: size,
      total: size,
      checksumState: null,
      storageState,
    };
    return await runCompletion(engine, context.request, (manager) =>
      repository.insertComplete(row, checksum, manager),
    );
  } catch (error) {
    await begun.discard();
    throw error;
  } finally {
    engine.writers.end(writer);
  }
}
