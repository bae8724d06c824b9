import { setTimeout as sleep } from 'node:timers/promises';
import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../chunked-upload.entity.js';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { UploadContext } from '../chunked-upload.context.js';
import type { Marked } from '../database/abort.repository.js';
import { storageFailure } from '../storage/storage-failure.js';
import type { UploadEngine } from './upload-engine.js';

const PATIENCE_MS = 1000;
const PAUSE_MS = 50;

/** Ends an unfinished upload for good: its bytes are removed, its record is kept. */
export async function abortUpload<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  id: string,
  context: UploadContext | undefined,
): Promise<T> {
  const found = await engine.find(id, context);
  const { upload, was } = await markAborted(engine, found.id, ChunkedUploadStatus.Complete);
  // It may be aborted again, to remove bytes that could not be removed.
  if (was !== ChunkedUploadStatus.Aborted) engine.events.emit('aborted', upload);
  await removeBytes(engine, upload, ChunkedUploadError.aborted());
  return (await engine.aborts.keepAborted(found.id)) ?? upload;
}

/** Removes bytes and record, whatever the state. Can be repeated where the storage was away. */
export async function removeUpload<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  id: string,
  context: UploadContext | undefined,
): Promise<void> {
  const found = await engine.find(id, context);
  const { upload, was } = await markAborted(engine, found.id);
  await removeBytes(engine, upload, ChunkedUploadError.notFound());
  if (!(await engine.repository.remove(found.id))) throw ChunkedUploadError.notFound();
  engine.events.emit('removed', Object.assign(upload, { status: was }));
}

async function removeBytes<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  upload: T,
  answer: ChunkedUploadError,
): Promise<void> {
  if (!(await engine.writers.stop(upload.id, answer))) throw ChunkedUploadError.busy();
  await engine.type.storage.remove(upload).catch(storageFailure);
}

/**
 * To be done first: no chunk is taken any more, and nothing serves the bytes. Waits at most a second
 * for a running completion.
 */
async function markAborted<T extends AbstractChunkedUpload>(
  { repository, aborts, writers }: UploadEngine<T>,
  id: string,
  except?: ChunkedUploadStatus,
): Promise<Marked<T>> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const marked = writers.isCompleting(id) ? null : await aborts.markAborted(id, except);
    if (marked) return marked;
    const seen = await repository.findOne(id, undefined);
    if (!seen) throw ChunkedUploadError.notFound();
    if (seen.status === except) throw ChunkedUploadError.alreadyComplete();
    if (performance.now() > giveUpAt) throw ChunkedUploadError.busy();
    await sleep(PAUSE_MS);
  }
}
