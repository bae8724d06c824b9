import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ChunkedUpload } from '../chunked-upload.js';
import { type ChunkedUploadOptions } from '../options.js';
import { type Representation } from '../representation.js';
import { fileFromPath } from './file-from-path.js';

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
  return new ChunkedUpload<Answer>(await fileFromPath(path), options).start();
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
    await pipeline(toNode(stream), createWriteStream(path));
    // Nothing to go on with later: another stream of this name is another upload.
    return await uploadFile<Answer>(path, { ...options, storage: options.storage ?? null });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function toNode(stream: Readable | ReadableStream<Uint8Array>): Readable {
  if (!('getReader' in stream)) return stream;
  return Readable.fromWeb(stream as Parameters<typeof Readable.fromWeb>[0]);
}
