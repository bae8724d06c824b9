import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ChunkedUpload } from '../chunked-upload.js';
import { type ChunkedUploadOptions } from '../options.js';
import { type Representation } from '../representation.js';
import { UploadError } from '../upload-error.js';
import { fileFromPath, folderOf } from './file-from-path.js';

/**
 * Uploads a file from disk.
 *
 * @returns the server's response to the completed upload
 * @throws UploadError, and the errors of `node:fs`
 */
export async function uploadFile<Answer = Representation>(
  path: string,
  options: ChunkedUploadOptions,
): Promise<Answer> {
  const file = await fileFromPath(path);
  return new ChunkedUpload<Answer>(file, { folder: folderOf(path), ...options }).start();
}

/**
 * Uploads a stream. It is first written to a temporary file, because a stream can only be read once, and
 * lost bytes have to be sent again.
 *
 * @returns the server's response to the completed upload
 * @throws UploadError, and the errors of the stream and of the disk
 */
export async function uploadStream<Answer = Representation>(
  stream: Readable | ReadableStream<Uint8Array>,
  options: ChunkedUploadOptions & { readonly fileName: string },
): Promise<Answer> {
  const folder = await mkdtemp(join(tmpdir(), 'upload-'));
  try {
    const path = join(folder, 'stream');
    await keep(toNode(stream), path, options.signal);
    // Nothing to go on with later: another stream of this name is another upload.
    return await uploadFile<Answer>(path, { ...options, storage: options.storage ?? null });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Until the stream ends, or the signal is aborted: what ends at some time may do so in a week. */
async function keep(stream: Readable, path: string, signal?: AbortSignal): Promise<void> {
  try {
    await pipeline(stream, createWriteStream(path), ...(signal ? [{ signal }] : []));
  } catch (error) {
    throw signal?.aborted ? UploadError.aborted(signal.reason) : error;
  }
}

function toNode(stream: Readable | ReadableStream<Uint8Array>): Readable {
  if (!('getReader' in stream)) return stream;
  return Readable.fromWeb(stream as Parameters<typeof Readable.fromWeb>[0]);
}
