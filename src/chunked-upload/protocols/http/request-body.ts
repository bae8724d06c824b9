import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { parse as parseParameters } from 'content-disposition';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { ChunkBody } from '../../engine/chunk-body.js';
import { wasCut } from '../../platform/request-end.js';
import { dispositionFilename } from './filename.js';
import type { FormFields } from './form-fields.js';
import { type HostRequest, incomingOf, parsedBytes } from './host-request.js';
import { http2StreamOf } from './http2-stream.js';
import { readMultipart } from './multipart.js';
import { type ReceivedFile, isNothing } from './received-file.js';
import { RequestSource } from './request-source.js';
import { readSmallBody } from './small-body.js';
import { parseUrlencoded } from './urlencoded.js';

// They only complete and remove: what may be long comes with a file. To parse them takes more time
// than to receive them.
const LONGEST_FORM = 64 * 1024;
const MOST_FIELDS = 1000;

const MULTIPART = 'multipart/form-data';
const URLENCODED = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
const FORMS = new Set([MULTIPART, URLENCODED, JSON_TYPE]);

/**
 * Reads a request up to the first byte of its file; the file itself streams. Null: the request has
 * none, and all its fields have been read.
 */
export async function readRequestBody(
  request: HostRequest,
  fileNames: string | readonly string[],
  fields: FormFields,
): Promise<ReceivedFile | null> {
  const incoming = incomingOf(request);
  const { type, charset } = contentType(incoming);
  if ((type === null || FORMS.has(type)) && !mayHaveBody(request)) return null;
  switch (type) {
    case MULTIPART:
      return readMultipart(requestToParse(request, type), fileNames, fields);
    case URLENCODED:
      fields.setAll(await readForm(request, (bytes) => parseForm(bytes, charset)));
      return null;
    case JSON_TYPE:
      fields.setAll(await readForm(request, parseJson));
      return null;
    case null:
      return unlessEmpty(incoming, readRaw(request, 'application/octet-stream'));
    default:
      return readRaw(request, type);
  }
}

/**
 * Has `work` take the body of a request as the bytes that it is, whatever its type; null: it has
 * none.
 *
 * @throws ChunkedUploadError `unsupported_body` for a form with parts
 */
export async function withRawBody<R>(
  request: HostRequest,
  work: (file: ReceivedFile | null) => Promise<R>,
): Promise<R> {
  const incoming = incomingOf(request);
  const { type } = contentType(incoming);
  const file = mayHaveBody(request) ? readRaw(request, type ?? 'application/octet-stream') : null;
  try {
    return await work(file && (await unlessForm(incoming, file)));
  } finally {
    file?.body.close();
  }
}

/** A form would be kept with its boundaries; one of no bytes is no body, as in `readRequestBody`. */
async function unlessForm(
  { headers }: IncomingMessage,
  file: ReceivedFile,
): Promise<ReceivedFile | null> {
  if (!headers['content-type']?.toLowerCase().startsWith('multipart/')) return file;
  if (await isNothing(file)) return null;
  throw ChunkedUploadError.unsupportedBody(
    'A form cannot be gone on with: send the bytes of the file as they are',
  );
}

function readRaw(request: HostRequest, type: string): ReceivedFile {
  const incoming = incomingOf(request);
  const name = dispositionFilename(incoming.headers['content-disposition']);
  const known = parsedBytes(request);
  if (known) return { body: ChunkBody.from(known), name, isPart: false, length: known.length };
  if (isEaten(incoming)) throw eaten(type);
  requireNoCoding(incoming);
  const length = incoming.headers['content-length'];
  return {
    body: ChunkBody.ofStream(incoming, { source: RequestSource.of(incoming) }),
    name,
    isPart: false,
    length: length === undefined ? null : Number(length),
  };
}

/** The request itself, or what a parser of the host has read of it, to be read once more. */
function requestToParse(request: HostRequest, type: string): IncomingMessage {
  const incoming = incomingOf(request);
  const known = parsedBytes(request);
  const { headers } = incoming;
  if (known)
    return Object.assign(Readable.from([known]), { headers }) as unknown as typeof incoming;
  if (isEaten(incoming)) throw eaten(type);
  requireNoCoding(incoming);
  return incoming;
}

async function readForm(request: HostRequest, parse: (bytes: Buffer) => unknown): Promise<object> {
  const incoming = incomingOf(request);
  const { body } = request;
  let form: unknown = body;
  const known = parsedBytes(request);
  // Not where a parser has made more of them than bytes or a text.
  if (known && (Buffer.isBuffer(body) || typeof body !== 'object')) form = parse(known);
  else if (!isEaten(incoming)) {
    requireNoCoding(incoming);
    form = parse(await readSmallBody(incoming, LONGEST_FORM, tooLongForm));
  }
  return typeof form === 'object' && form !== null && !Array.isArray(form) ? form : {};
}

/** It is a file's bytes, most likely. */
function tooLongForm(longest: number): ChunkedUploadError {
  return ChunkedUploadError.noChunk(
    `a body of this Content-Type is read as a form, which may have at most ${longest} bytes. Send ` +
      'the bytes of a file with "Content-Type: application/octet-stream"',
  );
}

function parseForm(bytes: Buffer, charset: string | null): object {
  const text = bytes.toString('latin1');
  let fields = 1;
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) fields += 1;
  if (fields > MOST_FIELDS) {
    throw ChunkedUploadError.malformedRequest(
      `The form has too many fields: at most ${MOST_FIELDS}`,
    );
  }
  return Object.fromEntries(parseUrlencoded(text, charset));
}

function parseJson(bytes: Buffer): unknown {
  try {
    // JSON is UTF-8, whatever its type says (RFC 8259, section 8.1).
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.trim() === '' ? {} : JSON.parse(text);
  } catch (error) {
    throw ChunkedUploadError.malformedRequest('The body is not valid JSON', error);
  }
}

function contentType({ headers }: IncomingMessage) {
  const { type, parameters } = parseParameters(headers['content-type'] ?? '');
  return { type: type || null, charset: parameters['charset'] || null };
}

/** What a parser of the host has undone does not come here. */
function requireNoCoding({ headers }: IncomingMessage): void {
  if (isCoded(headers['content-encoding'], 'identity')) {
    throw ChunkedUploadError.unsupportedBody(
      'Content-Encoding is not supported: send the bytes as they are, without that header',
    );
  }
  if (isCoded(headers['transfer-encoding'], 'chunked')) {
    throw ChunkedUploadError.unsupportedBody('Transfer-Encoding but chunked is not supported');
  }
}

/** Whether a list of codings (RFC 9110, section 8.4) names another than the `usual` one. */
function isCoded(header = '', usual: string): boolean {
  return header.split(',').some((coding) => !['', usual].includes(coding.trim().toLowerCase()));
}

/** Whether a request has a body, or may have one. */
function mayHaveBody(request: HostRequest): boolean {
  const known = parsedBytes(request);
  if (known) return known.length > 0;
  const incoming = incomingOf(request);
  const { 'content-length': length, 'transfer-encoding': coding } = incoming.headers;
  if (length !== undefined) return Number(length) > 0;
  // Over HTTP/2 a body need not be announced: there is none where the stream has ended by now.
  return coding !== undefined || http2StreamOf(incoming)?.endAfterHeaders === false;
}

/** Without type and length, only the first byte tells that there is a body. */
async function unlessEmpty(
  incoming: IncomingMessage,
  file: ReceivedFile,
): Promise<ReceivedFile | null> {
  if (file.length !== null) return file;
  if (!incoming.readableEnded && !incoming.destroyed) {
    await new Promise<void>((resolve) => {
      for (const event of ['data', 'end', 'close']) incoming.once(event, () => resolve());
    });
  }
  if (file.body.received > 0 || !incoming.readableEnded || wasCut(incoming)) return file;
  file.body.close();
  return null;
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
