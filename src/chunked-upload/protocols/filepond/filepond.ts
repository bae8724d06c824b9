import type { IncomingMessage } from 'node:http';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { headerText } from '../http/charset.js';
import { checkFilename } from '../http/filename.js';
import { FormFields } from '../http/form-fields.js';
import {
  type HostRequest,
  type HostResponse,
  fieldOf,
  incomingOf,
  queryOf,
} from '../http/host-request.js';
import type { ProtocolSteps } from '../http/protocol-steps.js';
import type { ReceivedFile } from '../http/received-file.js';
import { withRawBody } from '../http/request-body.js';
import { readSmallBody } from '../http/small-body.js';
import { ownerOf, uploadFields } from '../http/upload-fields.js';
import { withRequestBody } from '../http/with-request-body.js';
import { takeMetadata } from './metadata.js';
import { takeChunk } from './take-chunk.js';
import { idInQuery } from './upload-id.js';

/** An id, with room for what somebody may have put around it. */
const LONGEST_ID = 256;

/** What FilePond's `server` option sends: <https://pqina.nl/filepond/docs/api/server/>. */
export class FilePond {
  constructor(private readonly steps: ProtocolSteps) {}

  /** Begins an upload whose chunks follow, or takes a small file whole. The answer is its id, as text. */
  async create(request: HostRequest, response: HostResponse): Promise<string> {
    const context = await this.steps.context(request);
    const incoming = incomingOf(request);
    const form = new FormFields(queryOf(incoming));
    const { fieldName, checksum } = this.steps.uploadType;
    const id = await withRequestBody(request, fieldName, form, async (file) => {
      takeMetadata(form, fieldName);
      const sum = checksum && form.getFilled(checksum.algorithm);
      if (file) {
        const { body, length } = file;
        const whole = { body, length, ...(sum ? { checksum: sum } : {}) };
        const input = { ...whole, ...uploadFields(form, file) };
        return (await this.steps.uploads.uploadWhole(input, context)).upload.id;
      }
      const total = sizeField(incoming, 'upload-length');
      const described = this.#describe(form, incoming);
      return (await this.steps.uploads.create({ total, ...described }, context)).id;
    });
    response.header('Cache-Control', 'no-store');
    response.header('Content-Type', 'text/plain; charset=utf-8');
    return id;
  }

  /** Takes a chunk. */
  async append(request: HostRequest, response: HostResponse, pathId: string | null): Promise<void> {
    const context = await this.steps.context(request);
    const incoming = incomingOf(request);
    const id = requireId(pathId ?? idInQuery(queryOf(incoming)));
    const offset = sizeField(incoming, 'upload-offset');
    if (offset === null) {
      throw ChunkedUploadError.badContentRange(
        'Upload-Offset is missing, which says where it begins',
      );
    }
    const total = sizeField(incoming, 'upload-length');
    const name = uploadName(incoming);
    const filename = name === null ? {} : { filename: checkFilename(name) };
    await withRawBody(request, async (file: ReceivedFile | null) =>
      takeChunk(this.steps.uploads, id, { offset, total, file, ...filename }, context),
    );
    response.header('Cache-Control', 'no-store');
    response.status(204);
  }

  /** Tells which chunks have come: every one that begins below this offset. */
  async head(request: HostRequest, response: HostResponse, pathId: string | null): Promise<void> {
    const context = await this.steps.context(request);
    const id = requireId(pathId ?? idInQuery(queryOf(incomingOf(request))));
    const { offset, total } = await this.steps.uploads.findPosition(id, null, context);
    response.header('Cache-Control', 'no-store');
    response.header('Upload-Offset', String(offset));
    if (total !== null) response.header('Upload-Length', String(total));
  }

  /** Removes the upload whose id is all that the body says. */
  async remove(request: HostRequest, response: HostResponse): Promise<void> {
    const context = await this.steps.context(request);
    const incoming = incomingOf(request);
    // A text is what Fastify's own parser makes of it.
    const { body } = request;
    const text =
      typeof body === 'string' ? body : (await readSmallBody(incoming, LONGEST_ID)).toString();
    await this.steps.uploads.remove(
      requireId(text.trim() || idInQuery(queryOf(incoming))),
      context,
    );
    response.status(204);
  }

  /** The file's name comes only with its first chunk, unless its page has put it into the metadata. */
  #describe(form: FormFields, incoming: IncomingMessage) {
    const name = uploadName(incoming);
    const isNamed = name !== null || form.getFilled('filename') !== null;
    if (isNamed) return uploadFields(form, { name, isPart: false });
    return { fields: { ...form.all(), ...ownerOf(form), filename: '' } };
  }
}

function uploadName(incoming: IncomingMessage): string | null {
  const name = fieldOf(incoming, 'upload-name');
  return name === undefined ? null : headerText(name);
}

/** A size in bytes that a header says; null: it is not there. */
function sizeField(incoming: IncomingMessage, name: string): number | null {
  const text = fieldOf(incoming, name)?.trim();
  if (text === undefined) return null;
  const size = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(size)) return size;
  throw ChunkedUploadError.malformedRequest(`${name} has to be a size in bytes`);
}

function requireId(id: string | null): string {
  if (id === null) {
    throw ChunkedUploadError.invalidField('upload_id', 'The id of the upload is missing.');
  }
  return id;
}
