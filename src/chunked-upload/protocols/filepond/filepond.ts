import type { IncomingMessage } from 'node:http';
import type { UploadContext } from '../../chunked-upload.context.js';
import { ChunkedUploadError, hasCode } from '../../chunked-upload.errors.js';
import type { NewUploadInput } from '../../chunked-upload.inputs.js';
import { headerText } from '../http/charset.js';
import { checkFilename } from '../../filename.js';
import { FormFields } from '../http/form-fields.js';
import {
  type HostRequest,
  type HostResponse,
  fieldOf,
  incomingOf,
  parsedBytes,
  queryOf,
} from '../http/host-request.js';
import type { ProtocolSteps } from '../http/upload-protocol.js';
import type { ReceivedFile } from '../http/received-file.js';
import { withRawBody } from '../http/request-body.js';
import { sizeField } from '../http/size-field.js';
import { readSmallBody } from '../http/small-body.js';
import { ownerOf, uploadFields } from '../http/upload-fields.js';
import { withRequestBody } from '../http/with-request-body.js';
import { completeWhole } from './complete-whole.js';
import { USUAL_NAME, takeMetadata } from './metadata.js';
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
    const id = await withRequestBody(request, this.fileNames, form, async (file) => {
      const clientMetadata = takeMetadata(form, this.fileNames);
      if (file) return this.#takeFile(form, file, context);
      const total = sizeField(incoming, 'Upload-Length');
      const described = describe(form, incoming);
      return (await this.steps.uploads.create({ total, clientMetadata, ...described }, context)).id;
    });
    response.status(201);
    return answerId(response, id);
  }

  /** What the part of a form may be named that has its file, or what its page knows of it. */
  get fileNames(): readonly string[] {
    return [this.steps.uploadType.fieldName, USUAL_NAME];
  }

  /**
   * Takes a small file, which comes in a form without any header of FilePond's own. Undefined: it is not
   * of FilePond, whose forms begin with what its page knows of the file.
   */
  async takeForm(
    form: FormFields,
    file: ReceivedFile,
    response: HostResponse,
    context: UploadContext,
  ): Promise<string | undefined> {
    if (takeMetadata(form, this.fileNames) === null) return undefined;
    return answerId(response, await this.#takeFile(form, file, context));
  }

  /** Takes a chunk. */
  async append(request: HostRequest, response: HostResponse, pathId: string | null): Promise<void> {
    const context = await this.steps.context(request);
    const incoming = incomingOf(request);
    const id = requireId(pathId ?? idInQuery(queryOf(incoming)));
    const offset = sizeField(incoming, 'Upload-Offset');
    if (offset === null) {
      throw ChunkedUploadError.badContentRange(
        'The header Upload-Offset is missing. It says where these bytes begin.',
      );
    }
    const total = sizeField(incoming, 'Upload-Length');
    const name = uploadName(incoming);
    const filename = name === null ? {} : { filename: checkFilename(name) };
    await withRawBody(request, async (file: ReceivedFile | null) =>
      takeChunk(this.steps, id, { offset, total, file, ...filename }, context),
    );
    response.header('Cache-Control', 'no-store');
    response.status(204);
  }

  /** Tells which chunks have come: every one that begins below this offset. */
  async head(request: HostRequest, response: HostResponse, pathId: string | null): Promise<void> {
    const context = await this.steps.context(request);
    const id = requireId(pathId ?? idInQuery(queryOf(incomingOf(request))));
    const { uploads } = this.steps;
    const upload = await uploads.findPosition(id, null, context).catch(async (error: unknown) => {
      // It asks once, and gives a file up for a 423. It may send again what comes to be stored meanwhile.
      if (hasCode(error, 'busy')) return uploads.findOne(id, context);
      throw error;
    });
    // It would take the upload for done, and send no other chunk.
    await completeWhole(this.steps, upload, context);
    const { offset, total } = upload;
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
    const bytes = async () => parsedBytes(request) ?? readSmallBody(incoming, LONGEST_ID);
    const text = typeof body === 'string' ? body : (await bytes()).toString();
    await this.steps.uploads.remove(
      requireId(text.trim() || idInQuery(queryOf(incoming))),
      context,
    );
    response.status(204);
  }

  async #takeFile(form: FormFields, file: ReceivedFile, context: UploadContext): Promise<string> {
    const { uploads, uploadType } = this.steps;
    const sum = uploadType.checksum && form.getFilled(uploadType.checksum.algorithm);
    const { body, length } = file;
    const whole = { body, length, ...(sum ? { checksum: sum } : {}), ...uploadFields(form, file) };
    return (await uploads.uploadWhole(whole, context)).upload.id;
  }
}

/** The file's name comes only with its first chunk, unless its page has put it into the metadata. */
function describe(form: FormFields, incoming: IncomingMessage): NewUploadInput {
  const name = uploadName(incoming);
  const isNamed = name !== null || form.getFilled('filename') !== null;
  if (isNamed) return uploadFields(form, { name, isPart: false });
  return { fields: { ...form.all(), ...ownerOf(form), filename: '' } };
}

function answerId(response: HostResponse, id: string): string {
  response.header('Cache-Control', 'no-store');
  response.header('Content-Type', 'text/plain; charset=utf-8');
  return id;
}

function uploadName(incoming: IncomingMessage): string | null {
  const name = fieldOf(incoming, 'upload-name');
  return name === undefined ? null : headerText(name);
}

function requireId(id: string | null): string {
  if (id === null) {
    throw ChunkedUploadError.invalidField('upload_id', 'The id of the upload is missing.');
  }
  return id;
}
