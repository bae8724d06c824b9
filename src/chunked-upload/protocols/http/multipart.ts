import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import busboy, { type Busboy } from 'busboy';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { ChunkBody } from '../../engine/chunk-body.js';
import { lastSegment } from './filename.js';
import { FormFeed } from './form-feed.js';
import type { FormFields } from './form-fields.js';
import type { ReceivedFile } from './received-file.js';
import { RequestSource } from './request-source.js';

const LIMITS = { fieldNameSize: 256, fieldSize: 64 * 1024, fields: 100, parts: 200 };
/** Of all fields with the headers of their parts, in bytes. */
const LONGEST_FIELDS = 512 * 1024;
// What the parser keeps of a field that is not over yet is an object for each time it is fed.
const FEED_BYTES = 256;
// RFC 2046, section 5.1.1. To find a long one in bytes that nearly hold it takes time.
const LONGEST_BOUNDARY = 70;
const LONGEST_TYPE = 512;
// Never reached: it is the request that is held back.
const PARSER_BYTES = 2 ** 30;

/**
 * Reads a form (RFC 7578) up to its file. The file's body ends only when the whole form has: a form
 * that is cut short, or lacks its last boundary, has no proper end.
 */
export function readMultipart(
  incoming: IncomingMessage,
  fieldName: string,
  fields: FormFields,
): Promise<ReceivedFile | null> {
  return new Promise((resolve, reject) => {
    let body: ChunkBody | null = null;
    let feed: FormFeed | null = null;
    /** The file whose bytes come now; null: fields do. */
    let current: Readable | null = null;
    let fieldBytes = 0;
    const refuse = (error: ChunkedUploadError) => {
      feed?.stop();
      fields.close();
      body?.fail(error);
      reject(error);
    };
    const wrong = (detail: string, cause?: unknown) =>
      refuse(ChunkedUploadError.malformedRequest(detail, cause));
    const malformed = (cause: unknown) =>
      wrong(`The form is not well-formed: ${whyMalformed(cause)}`, cause);

    if (hasLongBoundary(incoming.headers['content-type'] ?? '')) {
      wrong(`The boundary of a form may have at most ${LONGEST_BOUNDARY} characters`);
      return;
    }
    const parser = createParser(incoming, malformed);
    if (!parser) return;
    parser.on('field', (name, value, info) => {
      if (info.nameTruncated || info.valueTruncated) {
        wrong(`The field "${name}" of the form is too long: at most ${LIMITS.fieldSize} bytes`);
      } else fields.set(name, value);
    });
    parser.on('file', (name, stream: Readable, info) => {
      // Without a listener a malformed form would end the process.
      stream.on('error', malformed);
      current = stream;
      // The next one may have begun by the time at which this is told.
      stream.on('end', () => {
        if (current === stream) current = null;
      });
      if (name !== fieldName) {
        stream.resume();
        fields.passOver(name);
      } else if (body) {
        stream.resume();
        wrong(`Only one "${fieldName}" can be sent in a request`);
      } else {
        fields.beginFile();
        body = new ChunkBody();
        body.attach(RequestSource.of(incoming));
        const receiver = body;
        stream.on('data', (bytes: Uint8Array) => receiver.push(bytes));
        resolve({ body, name: partName(info), isPart: true, length: null });
      }
    });
    parser.on('fieldsLimit', () => wrong(`The form has too many fields: at most ${LIMITS.fields}`));
    parser.on('partsLimit', () => wrong(`The form has too many parts: at most ${LIMITS.parts}`));
    parser.on('error', malformed);
    parser.on('close', () => {
      fields.end();
      body?.end();
      resolve(null);
    });
    const breakOff = (cause: Error) => {
      reject(ChunkedUploadError.interrupted(cause));
      const receiver = body;
      // What has arrived counts, also where it is still on its way through request and parser.
      receiver?.detach();
      feed?.finish(() => receiver?.fail(cause));
    };
    fields.open(RequestSource.of(incoming), () => {
      // A file that has begun is kept as far as it came.
      if (body) breakOff(new Error('Other forms needed the memory of this one'));
      else refuse(ChunkedUploadError.tooManyForms());
    });
    feed = new FormFeed(incoming, parser, (bytes) => {
      if (current) return;
      fieldBytes += bytes + FEED_BYTES;
      fields.count(bytes + FEED_BYTES);
      if (fieldBytes > LONGEST_FIELDS) {
        wrong(`The fields of the form are too long: at most ${LONGEST_FIELDS} bytes`);
      }
    });
    incoming.on('error', breakOff);
    // Also of a request that had come whole: what was not read of it then is lost.
    const closed = () => breakOff(new Error('The connection was closed within the form'));
    incoming.on('close', () => {
      if (!incoming.readableEnded) closed();
    });
    if (incoming.destroyed) closed();
  });
}

function hasLongBoundary(contentType: string): boolean {
  const [, quoted, plain = ''] =
    /;\s*boundary=(?:"((?:[^"\\]|\\.)*)"|([^\s;]*))/i.exec(contentType) ?? [];
  return (quoted ?? plain).length > LONGEST_BOUNDARY || contentType.length > LONGEST_TYPE;
}

/** In words of busboy, but for what a client does by setting the header of its form itself. */
function whyMalformed(cause: unknown): string {
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (!/boundary not found/i.test(reason)) return reason;
  return (
    'its Content-Type has no boundary. Leave that header to what makes the form: curl -F, or fetch ' +
    'with a FormData'
  );
}

// The types of busboy hide that a part may be without a name.
function partName({ filename }: { filename?: string }): string | null {
  return filename === undefined ? null : lastSegment(filename);
}

function createParser(
  incoming: IncomingMessage,
  malformed: (cause: unknown) => void,
): Busboy | null {
  try {
    return busboy({
      headers: incoming.headers,
      defParamCharset: 'utf8',
      // It would make an empty name of "..", which is to be refused.
      preservePath: true,
      limits: LIMITS,
      fileHwm: PARSER_BYTES,
    });
  } catch (error) {
    malformed(error);
    return null;
  }
}
