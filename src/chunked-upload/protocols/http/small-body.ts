import type { IncomingMessage } from 'node:http';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { ChunkBody } from '../../engine/chunk-body.js';
import { processForms } from '../../memory/process-memory.js';
import { RequestSource } from './request-source.js';

/**
 * A request's body, of at most `longest` bytes. It counts as a form in the memory of the
 * process while it is read.
 *
 * @param tooLong what a longer one is told
 * @throws ChunkedUploadError `malformed_request`, `interrupted`, or `unavailable` where there are too
 * many of them at once
 */
export async function readSmallBody(
  incoming: IncomingMessage,
  longest: number,
  tooLong = tooLongBody,
): Promise<Buffer> {
  const body = ChunkBody.ofStream(incoming, { source: RequestSource.of(incoming) });
  const memory = processForms.open(() => body.fail(ChunkedUploadError.tooManyForms()));
  body.limitTo(longest, () => tooLong(longest));
  let bytes = Buffer.alloc(0);
  try {
    for (let batch = await body.read(); batch; batch = await body.read()) {
      // At once: of a slow sender every byte would keep a page.
      bytes = Buffer.concat([bytes, ...batch]);
      memory.hold(bytes.length);
    }
  } catch (error) {
    throw error instanceof ChunkedUploadError ? error : ChunkedUploadError.interrupted(error);
  } finally {
    body.close();
    memory.close();
  }
  return bytes;
}

function tooLongBody(longest: number): ChunkedUploadError {
  return ChunkedUploadError.malformedRequest(`The body may have at most ${longest} bytes`);
}
