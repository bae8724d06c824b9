import type { UploadContext } from '../../chunked-upload.context.js';
import type { AbstractChunkedUpload } from '../../chunked-upload.entity.js';
import { ChunkedUploadError, hasCode } from '../../chunked-upload.errors.js';
import type { ChunkedUploadService } from '../../chunked-upload.service.js';
import type { ReceivedFile } from '../http/received-file.js';
import type { ProtocolSteps } from '../http/upload-protocol.js';
import { completeWhole } from './complete-whole.js';
import { drop, skipBytes } from './skip-bytes.js';

/** One chunk, as its request announces it. */
export interface FilePondChunk {
  readonly offset: number;
  /** Size of the whole file; null: not said. */
  readonly total: number | null;
  /** Left out: not said. */
  readonly filename?: string;
  /** Null: it has no bytes. */
  readonly file: ReceivedFile | null;
}

/**
 * Takes a chunk, and completes the upload with its last byte: nothing else would say that it is over.
 *
 * FilePond cuts a file at multiples of one size, sends a chunk that failed again without asking how
 * much of it has come, and takes every chunk that begins below the offset it is told for done. So a
 * chunk counts as a whole or not at all, and what is there already is passed over.
 */
export async function takeChunk(
  steps: ProtocolSteps,
  id: string,
  chunk: FilePondChunk,
  context: UploadContext,
): Promise<void> {
  const { uploads } = steps;
  const found = await uploads.findPosition(id, chunk.total, context);
  const file = chunk.file?.length === 0 ? null : chunk.file;
  const upload = file
    ? await appendMissing(uploads, found, { ...chunk, file }, context)
    : requireReached(found, chunk.offset);
  await completeWhole(steps, upload, context, chunk.filename);
}

async function appendMissing(
  uploads: ChunkedUploadService<AbstractChunkedUpload>,
  upload: AbstractChunkedUpload,
  chunk: FilePondChunk & { readonly file: ReceivedFile },
  context: UploadContext,
): Promise<AbstractChunkedUpload> {
  const { offset, total, file } = chunk;
  const known = upload.offset - offset;
  const { length } = file;
  if (known > 0 && length !== null && known >= length) {
    await drop(file.body);
    return upload;
  }
  const isOverlapping = known > 0 && length !== null;
  const missing = {
    body: isOverlapping ? skipBytes(file.body, known) : file.body,
    offset: isOverlapping ? upload.offset : offset,
    length: isOverlapping ? length - known : length,
  };
  try {
    const name = chunk.filename === undefined ? {} : { filename: chunk.filename };
    const whole = { ...missing, ...name, total, keepBroken: false, mayBeEmpty: true };
    return await uploads.append(upload.id, whole, context);
  } catch (error) {
    // Another request has brought it meanwhile: the one that this one repeats.
    const reached = reachedOffset(error);
    if (reached === null || length === null || reached < offset + length) throw error;
    return uploads.findPosition(upload.id, total, context);
  }
}

/** A chunk without bytes is FilePond's last one, of a file that its size divides. */
function requireReached(upload: AbstractChunkedUpload, offset: number): AbstractChunkedUpload {
  if (upload.offset < offset) throw ChunkedUploadError.offsetMismatch(upload.offset, offset);
  return upload;
}

/** Where an upload stood when a chunk was refused for beginning elsewhere; null: it was not. */
function reachedOffset(error: unknown): number | null {
  if (!hasCode(error, 'offset_mismatch')) return null;
  return error.facts['expectedOffset'] ?? null;
}
