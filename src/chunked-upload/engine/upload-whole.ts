import type { EntityManager } from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { aboutUpload } from '../chunked-upload.errors.js';
import type { CompletedUpload, WholeInput } from '../chunked-upload.inputs.js';
import type { UploadContext } from '../chunked-upload.context.js';
import { storageFailure } from '../storage/storage-failure.js';
import { announceBegun, announceCompletion } from './announce.js';
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
  const announced = { size: length ?? 0, total: length };
  const { max } = await engine.rules.announced('begin', announced, context);
  const begun = new NewUpload(engine, input, announced, context);
  const { body, writer, file, firstBytes } = begun;
  try {
    limitBody(body, { offset: 0, length, total: null, max });
    await begun.judgeEarly();
    const received = await engine.receive(file, length, {
      body,
      writer,
      length,
      digests,
      firstBytes,
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
    const row = await begun.judge({ size, total: size });
    await begun.judgeComplete(row, size);
    const written = { ...file, storageState: received.storageState };
    const storageState = await type.storage.finish(written, size).catch(storageFailure);
    const complete = { ...row, checksumState: null, storageState };
    const insert = (manager?: EntityManager) =>
      repository.insertComplete(complete, checksum, manager);
    const completed = await runCompletion(engine, context.request, (manager) =>
      begun.record(row, insert, manager),
    );
    announceBegun(engine, completed.upload, false);
    announceCompletion(engine, completed.upload);
    return completed;
  } catch (error) {
    await begun.discard();
    throw aboutUpload(error, begun.id);
  } finally {
    engine.writers.end(writer);
  }
}
