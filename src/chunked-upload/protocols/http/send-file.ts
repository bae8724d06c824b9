import type { Readable } from 'node:stream';
import { Logger, StreamableFile } from '@nestjs/common';
import type { AbstractChunkedUpload } from '../../chunked-upload.entity.js';
import type { ByteRange } from '../../storage/storage.provider.js';
import { setHead } from './answer-head.js';
import { closeWithResponse } from './close-with-response.js';
import type { FileResponse } from './file-response.js';
import type { HostRequest, HostResponse } from './host-request.js';

const logger = new Logger('ChunkedUpload');

/** Who asks for a stored file, and how that is answered. */
export interface FileExchange {
  readonly request: HostRequest;
  readonly response: HostResponse;
  readonly upload: AbstractChunkedUpload;
  readonly answer: FileResponse;
}

/**
 * Sends a stored file, or the range of it that the answer is about; or says why not, as all errors do.
 * Undefined: nothing is to be said.
 */
export async function sendFile(
  { request, response, upload, answer }: FileExchange,
  open: (range: ByteRange | undefined) => Promise<Readable>,
): Promise<StreamableFile | undefined> {
  const hasBytes = answer.status === 200 || answer.status === 206;
  // Before the headers are set: they would go out with an error as well.
  const stream = hasBytes ? await open(answer.range) : null;
  setHead(response, answer);
  if (stream === null) return answer.detail === undefined ? undefined : said(answer.detail);
  closeWithResponse(stream, request, response);
  // By us, with the upload, and not by Nest, which on Fastify says nothing.
  stream.once('error', ({ message }) =>
    logger.warn(`Upload ${upload.id}: The download broke off: ${message}`),
  );
  const type = answer.headers['Content-Type'] ?? '';
  return new StreamableFile(stream, { type }).setErrorLogger(() => undefined);
}

/** As a stream, too, so that the routes of files answer nothing else. */
function said(detail: string): StreamableFile {
  const bytes = Buffer.from(JSON.stringify({ detail }));
  return new StreamableFile(bytes, {
    type: 'application/json; charset=utf-8',
    length: bytes.length,
  });
}
