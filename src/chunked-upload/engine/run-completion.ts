import { type EntityManager, QueryFailedError } from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { CompletedUpload } from '../chunked-upload.inputs.js';
import type { OnComplete } from '../chunked-upload.context.js';
import type { JsonValue } from '../storage/storage.provider.js';
import type { UploadEngine } from './upload-engine.js';

/**
 * The last step of an upload: its row and the host's own work commit together, or not at all.
 * `mark` writes the complete row, with the manager of the transaction if there is one.
 */
export async function runCompletion<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  request: unknown,
  mark: (manager?: EntityManager) => Promise<T>,
): Promise<CompletedUpload<T>> {
  const onComplete = engine.type.onComplete as OnComplete<T> | null;
  if (!onComplete) return { upload: await mark(), response: undefined };
  let hostFailure: unknown = null;
  const completing = engine.repository.transaction(async (manager) => {
    const upload = await mark(manager);
    try {
      const response = asJson(await onComplete(upload, { manager, request }));
      if (response === undefined) await engine.repository.requireIntact(manager);
      else await engine.repository.setResponse(upload.id, response, manager);
      return { upload, response };
    } catch (error) {
      hostFailure = error;
      throw error;
    }
  });
  return completing.catch((error: unknown) => {
    // The host's own error stays its own: that it looks like a network's says nothing of our
    // database, unless a statement of this transaction failed.
    throw hostFailure === null || hostFailure instanceof QueryFailedError ? error : hostFailure;
  });
}

/** As it will be read back by whoever completes again. */
function asJson(value: unknown): JsonValue | undefined {
  if (value === undefined || value === null) return undefined;
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}
