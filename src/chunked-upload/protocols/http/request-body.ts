import type { IncomingMessage } from 'node:http';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { ChunkBody } from '../../engine/chunk-body.js';
import { dispositionFilename } from './filename.js';
import type { FormFields } from './form-fields.js';
import { type HostRequest, incomingOf } from './host-request.js';
import { readMultipart } from './multipart.js';
import type { ReceivedFile } from './received-file.js';
import { RequestSource } from './request-source.js';
import { readText } from './request-text.js';

// They only complete and remove: what may be long comes with a file. To parse them takes more time
// than to receive them.
const LONGEST_FORM = 64 * 1024;
const MOST_FIELDS = 1000;

/**
 * Reads a request up to the first byte of its file; the file itself streams. Null: the request has
 * none, and all its fields have been read.
 */
export async function readRequestBody(
  request: HostRequest,
  fieldName: string,
  fields: FormFields,
): Promise<ReceivedFile | null> {
  const incoming = incomingOf(request);
  const type = contentType(incoming);
  if (type === null && !hasBody(incoming)) return null;
  if ((incoming.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw ChunkedUploadError.unsupportedBody(
      'Content-Encoding is not supported: send the bytes as they are, without that header',
    );
  }
  if (!/^(chunked)?$/i.test(incoming.headers['transfer-encoding'] ?? '')) {
    throw ChunkedUploadError.unsupportedBody('Transfer-Encoding but chunked is not supported');
  }
  switch (type) {
    case 'multipart/form-data':
      if (isEaten(incoming)) throw eaten(type);
      return readMultipart(incoming, fieldName, fields);
    case 'application/x-www-form-urlencoded':
      fields.setAll(await readForm(request, parseUrlencoded));
      return null;
    case 'application/json':
      fields.setAll(await readForm(request, parseJson));
      return null;
    default:
      return readRaw(request, type ?? 'application/octet-stream');
  }
}

function readRaw(request: HostRequest, type: string): ReceivedFile {
  const incoming = incomingOf(request);
  const name = dispositionFilename(incoming.headers['content-disposition']);
  const { body } = request;
  // The host has a parser of its own for this type, which left the bytes as they were.
  if (Buffer.isBuffer(body))
    return { body: ChunkBody.from(body), name, isPart: false, length: body.length };
  if (isEaten(incoming)) throw eaten(type);
  const length = incoming.headers['content-length'];
  return {
    body: ChunkBody.ofStream(incoming, { source: RequestSource.of(incoming) }),
    name,
    isPart: false,
    length: length === undefined ? null : Number(length),
  };
}

async function readForm(request: HostRequest, parse: (text: string) => unknown): Promise<object> {
  const incoming = incomingOf(request);
  const { body } = request;
  let form: unknown = body;
  if (Buffer.isBuffer(body)) form = parse(body.toString());
  else if (!isEaten(incoming)) form = parse(await readText(incoming, LONGEST_FORM, tooLongForm));
  return typeof form === 'object' && form !== null && !Array.isArray(form) ? form : {};
}

/** It is a file's bytes, most likely. */
function tooLongForm(longest: number): ChunkedUploadError {
  return ChunkedUploadError.noChunk(
    `a body of this Content-Type is taken for a form, which may have at most ${longest} bytes. Send ` +
      'the bytes of a file with "Content-Type: application/octet-stream"',
  );
}

function parseUrlencoded(text: string): object {
  let fields = 1;
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) fields += 1;
  if (fields > MOST_FIELDS) {
    throw ChunkedUploadError.malformedRequest(
      `The form has too many fields: at most ${MOST_FIELDS}`,
    );
  }
  return Object.fromEntries(new URLSearchParams(text));
}

function parseJson(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw ChunkedUploadError.malformedRequest('The body is not valid JSON', error);
  }
}

function contentType(incoming: IncomingMessage): string | null {
  const header = incoming.headers['content-type'];
  const type = header?.split(';')[0]?.trim().toLowerCase();
  return type ? type : null;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Whether somebody before us has read the body. */
function isEaten(incoming: IncomingMessage): boolean {
  return incoming.readableDidRead;
}

function eaten(type: string): ChunkedUploadError {
  return ChunkedUploadError.unsupportedBody(
    `A body parser of this application has read the ${type} body before the upload could. ` +
      'Exclude the upload paths from it, or send the chunk as application/octet-stream.',
  );
}
