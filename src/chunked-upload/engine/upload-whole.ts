import type { EntityManager } from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { ChunkedUploadError, aboutUpload } from '../chunked-upload.errors.js';
import type { CompletedUpload, WholeInput } from '../chunked-upload.inputs.js';
import type { UploadContext } from '../chunked-upload.context.js';
import { announceBegun, announceCompletion } from './announce.js';
import { limitBody } from './limit-body.js';
import { NewUpload } from './new-upload.js';
import { runCompletion } from './run-completion.js';
import type { UploadEngine } from './upload-engine.js';

/** Receives and completes a file in one request. Whatever goes wrong, nothing of it is left. */
export async function uploadWhole<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  input: WholeInput,
  context: UploadContext,
): Promise<CompletedUpload<T>> {
  const { length = null, digests = [] } = input;
  const announced = { size: length ?? 0, total: length };
  const { max } = await engine.rules.announced('begin', announced, context);
  const begun = new NewUpload(engine, input, announced, context);
  const { body, writer, file, firstBytes } = begun;
  try {
    limitBody(body, { offset: 0, length, total: null, max });
    await begun.judgeEarly();
    const bytes = { body, writer, length, digests, firstBytes, mayBeEmpty: true };
    const {
      judged: row,
      received,
      storageState,
    } = await engine.receiveWhole(file, bytes, async ({ size, sum }) => {
      // Where none is asked for, the one that was computed is kept all the same.
      const { checksum } = input;
      if (checksum !== undefined) {
        const given = typeof checksum === 'function' ? checksum() : checksum;
        engine.requireChecksum(given);
        engine.compareChecksum(sum, given);
      }
      const judged = await begun.judge({ size, total: size });
      await begun.judgeComplete(judged, size);
      return judged;
    });
    const complete = { ...row, checksumState: null, storageState };
    const write = (manager?: EntityManager) =>
      engine.repository.insertComplete(complete, received.sum, manager);
    const completed = await begun.settle((watch) =>
      runCompletion(engine, {
        request: context.request,
        watch,
        mark: async (manager) => begun.recordWithin(row, { write, manager, watch }),
      }),
    );
    if (!completed) throw ChunkedUploadError.notFound();
    announceBegun(engine, completed.upload, false);
    announceCompletion(engine, completed.upload);
    return completed;
  } catch (error) {
    await begun.discard(error);
    throw aboutUpload(error, begun.id);
  } finally {
    engine.writers.end(writer);
  }
}
