import type { EntityManager } from 'typeorm';
import type { AbstractChunkedUpload } from './chunked-upload.entity.js';
import type { OnComplete } from './chunked-upload.options.js';
import type { ChunkedUploadRepository } from './chunked-upload.repository.js';
import type { CompletedUpload } from './chunked-upload.service.types.js';
import type { JsonValue } from './storage/storage.provider.js';
import type { UploadType } from './upload-type.js';

/** The last step of an upload: its row and the host's own work commit together, or not at all. */
export class Completion<T extends AbstractChunkedUpload> {
  constructor(
    private readonly type: UploadType,
    private readonly repository: ChunkedUploadRepository<T>,
  ) {}

  /** `mark` writes the complete row, with the manager of the transaction if there is one. */
  async run(
    mark: (manager?: EntityManager) => Promise<T>,
    request: unknown,
  ): Promise<CompletedUpload<T>> {
    const onComplete = this.type.onComplete as OnComplete<T> | null;
    if (!onComplete) return { upload: await mark(), response: undefined };
    return this.repository.transaction(async (manager) => {
      const upload = await mark(manager);
      const response = asJson(await onComplete(upload, { manager, request }));
      if (response !== undefined) await this.repository.setResponse(upload.id, response, manager);
      return { upload, response };
    });
  }
}

/** As it will be read back by whoever completes again. */
function asJson(value: unknown): JsonValue | undefined {
  if (value === undefined || value === null) return undefined;
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}
