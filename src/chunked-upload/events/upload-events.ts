import { Logger } from '@nestjs/common';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { ChunkedUploadEvent, type ChunkedUploadEventKind } from './chunked-upload.event.js';
import type { EventEmitter } from './event-emitter.js';

/** Tells the host's listeners what has been committed. Best effort: no request waits, or fails. */
export class UploadEvents<T extends AbstractChunkedUpload> {
  readonly #logger = new Logger('ChunkedUpload');

  constructor(
    /** The upload type: its `path`. */
    private readonly type: string,
    private readonly emitter: () => EventEmitter | null,
  ) {}

  /** To be called after the commit. Never throws. `bytes`: what this request added to the file. */
  emit(kind: ChunkedUploadEventKind, upload: T, bytes = 0): void {
    const emitter = this.emitter();
    if (!emitter) return;
    const event = new ChunkedUploadEvent(
      `chunked-upload.${kind}`,
      this.type,
      copyOf(upload),
      bytes,
    );
    void tell(emitter, event).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      this.#logger.warn(`Upload ${upload.id}: a listener of ${event.name} failed: ${reason}`);
    });
  }
}

/** The listeners are called at once, so that they see events in the order of their commits. */
async function tell(emitter: EventEmitter, event: ChunkedUploadEvent): Promise<void> {
  await emitter.emitAsync(event.name, event);
}

/** What a listener does to it must not show in the answer of the request. */
function copyOf<T extends object>(upload: T): T {
  const prototype = Object.getPrototypeOf(upload) as object;
  // With what is not enumerable.
  return Object.create(prototype, Object.getOwnPropertyDescriptors(upload)) as T;
}
