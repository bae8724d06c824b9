import { type EntityManager, TypeORMError } from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { CompletedUpload } from '../chunked-upload.inputs.js';
import type { OnComplete } from '../chunked-upload.context.js';
import type { CommitWatch } from '../database/connections.js';
import type { JsonValue } from '../storage/storage.provider.js';
import type { UploadEngine } from './upload-engine.js';

export interface Completion<T extends AbstractChunkedUpload> {
  /** The framework's request, for the hook. */
  readonly request: unknown;
  /**
   * Writes the complete row; null: there is none to write, and nothing is kept. With a `manager` it
   * is part of its transaction, and may be done again after the database has undone that.
   */
  readonly mark: (manager?: EntityManager) => Promise<T | null>;
  /**
   * Of the transaction. Until its COMMIT is sent an error means that nothing is kept, from then on
   * what `isRefusal` says of it. Without `onComplete` there is no transaction, and it is told of
   * nothing: `mark` itself decides.
   */
  readonly watch: CommitWatch;
}

/** Nothing could be marked: the transaction is to be rolled back, and its connection given back. */
class NothingMarked extends Error {}

/**
 * The last step of an upload: its row and the host's own work commit together, or not at all. Null
 * where `mark` has nothing to mark; why is to be asked then, when no connection is held any more.
 */
export async function runCompletion<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  { request, mark, watch }: Completion<T>,
): Promise<CompletedUpload<T> | null> {
  const onComplete = engine.type.onComplete as OnComplete<T> | null;
  if (!onComplete) {
    const upload = await mark();
    return upload && { upload, response: undefined };
  }
  let isHostAsked = false;
  let hostFailure: unknown = null;
  const work = async (manager: EntityManager): Promise<CompletedUpload<T>> => {
    const upload = await mark(manager);
    if (!upload) throw new NothingMarked();
    isHostAsked = true;
    try {
      const response = asJson(await onComplete(upload, { manager, request }));
      if (response !== undefined) {
        await engine.repository.setResponse(upload.id, response, manager);
      }
      return { upload, response };
    } catch (error) {
      hostFailure = error;
      throw error;
    }
  };
  // What the host has done beside the database is not done twice.
  const options = { ...watch, repeatable: () => !isHostAsked };
  return engine.repository.transaction(work, options).catch((error: unknown) => {
    if (error instanceof NothingMarked) return null;
    // The host's own error stays its own: that it looks like a network's says nothing of our
    // database, unless a statement of this transaction failed.
    throw hostFailure === null || hostFailure instanceof TypeORMError ? error : hostFailure;
  });
}

/** As it will be read back by whoever completes again. */
function asJson(value: unknown): JsonValue | undefined {
  if (value === undefined || value === null) return undefined;
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}
