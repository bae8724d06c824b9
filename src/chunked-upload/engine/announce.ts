import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { UploadEngine } from './upload-engine.js';

// Call these after the commit and before the writer counts as ended. Another request of this process
// waits for that end, and its own events are to come later.

/** A first chunk has been committed; `isBroken`: as far as it came. */
export function announceBegun<T extends AbstractChunkedUpload>(
  { events, measurements }: UploadEngine<T>,
  upload: T,
  isBroken: boolean,
): void {
  measurements.begun(upload);
  measurements.received(upload.id, upload.offset, isBroken);
  events.emit('created', upload, upload.offset);
}

/** A further chunk of `bytes` has been committed; `isBroken`: as far as it came. */
export function announceProgress<T extends AbstractChunkedUpload>(
  { events, measurements }: UploadEngine<T>,
  upload: T,
  bytes: number,
  isBroken: boolean,
): void {
  measurements.received(upload.id, bytes, isBroken);
  events.emit('progressed', upload, bytes);
}

export function announceCompletion<T extends AbstractChunkedUpload>(
  { events, measurements }: UploadEngine<T>,
  upload: T,
): void {
  measurements.completed(upload);
  events.emit('completed', upload);
}
