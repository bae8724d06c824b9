import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import busboy, { type Busboy } from 'busboy';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { ChunkBody } from '../../engine/chunk-body.js';
import { lastSegment } from './filename.js';
import type { FormFields } from './form-fields.js';
import type { ReceivedFile } from './received-file.js';

const LIMITS = { fieldNameSize: 256, fieldSize: 64 * 1024, fields: 100, parts: 200 };

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
    const refuse = (detail: string, cause?: unknown) => {
      const error = ChunkedUploadError.malformedRequest(detail, cause);
      body?.fail(error);
      reject(error);
    };
    const malformed = (cause: unknown) => refuse('The form is not well-formed', cause);

    const parser = createParser(incoming, malformed);
    if (!parser) return;
    parser.on('field', (name, value, info) => {
      if (info.nameTruncated || info.valueTruncated) refuse('A field of the form is too long');
      else fields.set(name, value);
    });
    parser.on('file', (name, stream: Readable, info) => {
      // Without a listener a malformed form would end the process.
      stream.on('error', malformed);
      if (name !== fieldName) {
        stream.resume();
      } else if (body) {
        stream.resume();
        refuse(`Only one "${fieldName}" can be sent in a request`);
      } else {
        fields.beginFile();
        body = new ChunkBody();
        body.attach(stream);
        const receiver = body;
        stream.on('data', (bytes: Uint8Array) => receiver.push(bytes));
        resolve({ body, name: partName(info), isPart: true, length: null });
      }
    });
    parser.on('fieldsLimit', () => refuse('The form has too many fields'));
    parser.on('partsLimit', () => refuse('The form has too many parts'));
    parser.on('error', malformed);
    parser.on('close', () => {
      fields.end();
      body?.end();
      resolve(null);
    });
    const breakOff = (cause: Error) => {
      reject(ChunkedUploadError.interrupted(cause));
      const receiver = body;
      if (!receiver) return;
      // What has arrived counts, also where it is still on its way through request and parser.
      incoming.unpipe(parser);
      receiver.detach();
      const rest = incoming.read() as Buffer | null;
      const fail = () => setImmediate(() => receiver.fail(cause));
      parser.write(rest ?? Buffer.alloc(0), fail);
    };
    incoming.on('error', breakOff);
    // Also of a request that had come whole: what was not read of it then is lost.
    const closed = () => breakOff(new Error('The connection was closed within the form'));
    incoming.on('close', () => {
      if (!incoming.readableEnded) closed();
    });
    if (incoming.destroyed) closed();
    incoming.pipe(parser);
  });
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
    });
  } catch (error) {
    malformed(error);
    return null;
  }
}
