import type { IncomingMessage } from 'node:http';
import { parse as parseParameters } from 'content-disposition';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { ChunkBody } from '../../engine/chunk-body.js';
import { WriterEnded } from '../../engine/writer.js';
import { onEnd } from '../../platform/request-end.js';
import { lastSegment } from './filename.js';
import { FormFeed } from './form-feed.js';
import type { FormFields } from './form-fields.js';
import { FormParts } from './form-parts.js';
import { MultipartParser } from './multipart-parser.js';
import type { ReceivedFile } from './received-file.js';
import { RequestSource } from './request-source.js';
import { refuseLateId } from './upload-fields.js';

// RFC 2046, section 5.1.1. To find a long one in bytes that nearly hold it takes time.
const LONGEST_BOUNDARY = 70;
const LONGEST_TYPE = 512;
// What a client does that sets the header of its form itself.
const NO_BOUNDARY =
  'The form is not well-formed: its Content-Type has no boundary. Do not set that header ' +
  'yourself: curl -F, or fetch with a FormData, does';

/**
 * Reads a form (RFC 7578) up to its file. The file's body ends only when the whole form has: a form
 * that is cut short, or lacks its last boundary, has no proper end. A body of no bytes is no form at
 * all, and has no fields.
 */
export function readMultipart(
  incoming: IncomingMessage,
  fileNames: string | readonly string[],
  fields: FormFields,
): Promise<ReceivedFile | null> {
  return new Promise((resolve, reject) => {
    let body: ChunkBody | null = null;
    const refuse = (error: ChunkedUploadError) => {
      feed.stop();
      fields.close();
      body?.fail(error);
      reject(error);
    };
    const wrong = (detail: string, cause?: unknown) =>
      refuse(ChunkedUploadError.malformedRequest(detail, cause));

    const parts = new FormParts([fileNames].flat(), {
      field: (name, value) => fields.set(name, value),
      file: (name) => {
        fields.beginFile();
        body = new ChunkBody();
        body.attach(RequestSource.of(incoming));
        resolve({ body, name: name && lastSegment(name), isPart: true, length: null });
      },
      fileBytes: (bytes) => body?.push(bytes),
      otherFile: (name) => fields.passOver(name),
    });
    // None as long as nothing has come.
    let parser: MultipartParser | null = null;
    const attempt = (work: () => void) => {
      try {
        work();
      } catch (error) {
        if (error instanceof ChunkedUploadError) refuse(error);
        else wrong(`The form is not well-formed: ${messageOf(error)}`, error);
      }
    };
    const feed = new FormFeed(incoming, {
      write: (bytes) => {
        attempt(() => {
          parser ??= new MultipartParser(boundaryOf(incoming), parts);
          parser.write(bytes);
        });
        fields.hold((parser?.held ?? 0) + parts.held);
      },
      end: () =>
        attempt(() => {
          parser?.end();
          fields.end();
          // Whoever asked for it when the file began may have been told that there is none.
          refuseLateId(fields);
          body?.end();
          resolve(null);
        }),
    });
    const breakOff = (cause: Error) => {
      reject(ChunkedUploadError.interrupted(cause));
      // What has arrived counts, also where it is still on its way through request and parser.
      body?.detach();
      feed.finish();
      body?.fail(cause);
    };
    fields.open(RequestSource.of(incoming), () => {
      const error = ChunkedUploadError.tooManyForms();
      // A file that has begun is kept as far as it came.
      if (body) breakOff(new WriterEnded(true, error));
      else refuse(error);
    });
    incoming.on('error', breakOff);
    // Also of a request that had come whole: what was not read of it then is lost.
    const closed = () => breakOff(new Error('The connection was closed within the form'));
    onEnd(incoming, () => feed.end(), closed);
    incoming.on('close', () => {
      if (!incoming.readableEnded) closed();
    });
    if (incoming.destroyed) closed();
  });
}

/** @throws ChunkedUploadError `malformed_request` */
function boundaryOf({ headers }: IncomingMessage): string {
  const type = headers['content-type'] ?? '';
  const { boundary } = parseParameters(type).parameters;
  if (!boundary) throw ChunkedUploadError.malformedRequest(NO_BOUNDARY);
  if (boundary.length <= LONGEST_BOUNDARY && type.length <= LONGEST_TYPE) return boundary;
  const detail = `The boundary of a form may have at most ${LONGEST_BOUNDARY} characters`;
  throw ChunkedUploadError.malformedRequest(detail);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
