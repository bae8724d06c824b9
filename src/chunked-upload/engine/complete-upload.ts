import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { ChunkedUploadError, hasCode } from '../chunked-upload.errors.js';
import type { CompleteInput, CompletedUpload } from '../chunked-upload.inputs.js';
import type { UploadContext } from '../chunked-upload.context.js';
import { storageFailure } from '../storage/storage-failure.js';
import type { JsonValue, StorageState } from '../storage/storage.provider.js';
import { detectMimeType } from '../mime-type/detect-mime-type.js';
import { announceCompletion } from './announce.js';
import { nameUpload } from './name-upload.js';
import { runCompletion } from './run-completion.js';
import { type UploadEngine, requireId } from './upload-engine.js';
import type { Writer } from './writer.js';

/**
 * Verifies, finishes the bytes, then marks the row: each step can be repeated after a crash, and
 * none takes longer for a larger file.
 */
export async function completeUpload<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  id: string,
  input: CompleteInput,
  context: UploadContext | undefined,
): Promise<CompletedUpload<T>> {
  if (input.checksum !== false) engine.requireChecksum(input.checksum);
  const scope = engine.scope(context);
  const claim = { id: requireId(id), scope, offset: null, total: input.total ?? null, body: null };
  const claimed = await engine.writers.claim(claim).catch(unlessComplete);
  if (!claimed) return completeAgain(engine, id, input, context);
  const { writer } = claimed;
  try {
    const completed = await finish(engine, claimed.upload, writer, input, context);
    announceCompletion(engine, completed.upload);
    return completed;
  } catch (error) {
    await engine.giveBack(writer, error);
    throw await engine.whyBytesAreGone(error, writer);
  } finally {
    engine.writers.end(writer);
  }
}

async function finish<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  claimed: T,
  writer: Writer,
  input: CompleteInput,
  context: UploadContext | undefined,
): Promise<CompletedUpload<T>> {
  const { leases } = engine;
  const { id, offset } = claimed;
  // The sum vouches that all bytes are there, even if nobody ever said how many.
  const total = claimed.total ?? input.total ?? (engine.type.checksum ? offset : null);
  if (total === null) throw ChunkedUploadError.totalRequired();
  if (offset !== total) throw ChunkedUploadError.incomplete(offset, total);
  const upload = await nameUpload(engine, claimed, writer, input.filename, context);
  const checksum = await engine.checksumOf(upload);
  // Who says none with the last byte may have said it before the first.
  const given = input.checksum === false ? engine.type.claimedSum(upload) : input.checksum;
  if (given !== null) engine.compareChecksum(checksum, given);
  const mimeType = await judge(engine, upload, total, context);
  // From here on no chunk is taken any more, also after a crash.
  if (upload.total === null && !(await leases.setTotal(id, writer.token, total))) {
    throw await engine.lost(writer);
  }
  const storageState = await finishBytes(engine, upload, writer);
  const result = { checksum, storageState, mimeType };
  const completed = await writer.settle((watch) =>
    runCompletion(engine, {
      request: context?.request,
      watch,
      mark: async (manager) => {
        if (!manager) watch.committing();
        return leases.complete(id, writer.token, result, manager);
      },
    }),
  );
  if (!completed) throw await engine.lost(writer);
  return completed;
}

async function finishBytes<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  upload: T,
  writer: Writer,
): Promise<StorageState | null> {
  const { storage } = engine.type;
  // An upload that began without bytes, and is to have none, has never been opened.
  const { id, key, finalKey, offset } = upload;
  // What an earlier try has made of that is finished, or gone.
  const anew = { id, key, finalKey, storageState: null };
  const storageState = offset === 0 ? await engine.storeNothing(anew, writer) : upload.storageState;
  const file = { id, key, finalKey, storageState };
  return storage.finish(file, offset, writer.lease).catch(storageFailure);
}

/** Asks the rules for the last time, and for the first time about a type that nobody judged yet. */
async function judge<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  upload: T,
  total: number,
  context: UploadContext | undefined,
): Promise<string | null> {
  const { firstBytes } = upload;
  const mimeType = firstBytes ? await detectMimeType(firstBytes) : upload.mimeType;
  const now = { size: total, total, mimeType };
  if (firstBytes) await engine.ask('first-bytes', upload, now, context);
  await engine.ask('complete', upload, now, context);
  return mimeType;
}

/** The same answer for everybody who completes with the same sum. */
async function completeAgain<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  id: string,
  input: CompleteInput,
  context: UploadContext | undefined,
): Promise<CompletedUpload<T>> {
  const upload = await engine.find(id, context);
  if (input.checksum !== false) engine.compareChecksum(upload.checksum, input.checksum);
  return { upload, response: (upload.response as JsonValue | null) ?? undefined };
}

function unlessComplete(error: unknown): null {
  if (hasCode(error, 'already_complete')) return null;
  throw error;
}
