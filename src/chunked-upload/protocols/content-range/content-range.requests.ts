import type { IncomingMessage } from 'node:http';
import type { UploadContext } from '../../chunked-upload.context.js';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import type { ChunkDigest } from '../../engine/reception.js';
import { answerJson } from '../http/answer-json.js';
import { chunkDigests } from '../http/chunk-digests.js';
import { dispositionFilename } from '../http/filename.js';
import { FormFields } from '../http/form-fields.js';
import {
  type HostRequest,
  type HostResponse,
  absoluteUrl,
  fieldOf,
  incomingOf,
  queryOf,
} from '../http/host-request.js';
import { type ReceivedFile, isNothing } from '../http/received-file.js';
import { awaitLateId, namedUpload, uploadFields } from '../http/upload-fields.js';
import type { ProtocolSteps, UploadProtocol } from '../http/upload-protocol.js';
import { withRequestBody } from '../http/with-request-body.js';
import { parseContentRange, parseUnsatisfiedRange, requireLength } from './content-range.js';
import { missingFile } from './missing-file.js';

/** The protocol of a type's own: chunks with `Content-Range`, and a request that completes. */
export class ContentRange {
  constructor(
    private readonly steps: ProtocolSteps,
    /** What else may be spoken here: a form without a mark may be of one of them. */
    private readonly protocols: readonly UploadProtocol[],
  ) {}

  /** Takes a chunk, or begins without one. */
  async put(request: HostRequest, response: HostResponse, pathId: string | null) {
    const incoming = incomingOf(request);
    const context = await this.steps.context(request);
    const fields = new FormFields(queryOf(incoming));
    const collectionUrl = absoluteUrl(request, pathId === null ? 0 : 1);
    const { fieldName } = this.steps.uploadType;
    const upload = await withRequestBody(request, fieldName, fields, async (file) => {
      const header = fieldOf(incoming, 'content-range');
      const announced = parseUnsatisfiedRange(header);
      const hasOther = fields.otherFile !== null;
      if (announced !== null && (file ? await isNothing(file) : !hasOther)) {
        const id = pathId ?? namedUpload(fields);
        return this.#putNothing(incoming, id, fields, announced, context);
      }
      if (!file) throw ChunkedUploadError.noChunk(missingFile(incoming, fieldName, fields));
      const range = parseContentRange(header, file.length);
      requireLength(file, range, fieldName);
      const digests = digestsOf(file, incoming);
      const { start: offset, length, total } = range;
      const chunk = { body: file.body, offset, length, total, digests };
      const id = pathId ?? namedUpload(fields);
      if (id !== null) return this.steps.uploads.append(id, chunk, context);
      if (offset !== 0) {
        await awaitLateId(fields, file);
        throw ChunkedUploadError.offsetMismatch(0, offset);
      }
      return this.steps.uploads.begin({ ...chunk, ...uploadFields(fields, file) }, context);
    });
    response.header('Cache-Control', 'no-store');
    return this.steps.represent(upload, collectionUrl);
  }

  /** A PUT without bytes: where the upload goes on, or with no id a new one that has none yet. */
  async #putNothing(
    incoming: IncomingMessage,
    id: string | null,
    fields: FormFields,
    total: number,
    context: UploadContext,
  ) {
    if (id !== null) return this.steps.uploads.findPosition(id, total, context);
    const name = dispositionFilename(incoming.headers['content-disposition']);
    return this.steps.uploads.create(
      { total, ...uploadFields(fields, { name, isPart: false }) },
      context,
    );
  }

  /** Takes a whole file, or completes. */
  async post(
    request: HostRequest,
    response: HostResponse,
    pathId: string | null,
  ): Promise<unknown> {
    const context = await this.steps.context(request);
    const incoming = incomingOf(request);
    const fields = new FormFields(queryOf(incoming));
    const { fieldName, checksum: algorithm } = this.steps.uploadType;
    const checksumField = algorithm?.algorithm ?? '';
    const collectionUrl = absoluteUrl(request, pathId === null ? 0 : 1);
    const others = this.protocols.filter(({ fileNames }) => fileNames !== undefined);
    const names = others.flatMap(({ fileNames = [] }) => fileNames);
    const finished = await withRequestBody(request, [fieldName, ...names], fields, async (file) => {
      const id = pathId ?? namedUpload(fields);
      for (const protocol of file && id === null ? others : []) {
        const given = { form: fields, file: file as ReceivedFile, response, context };
        const answer = await protocol.takeForm?.(this.steps, given);
        if (answer !== undefined) return { answer };
      }
      if (file && id !== null && !(await isNothing(file))) {
        const detail =
          'A file cannot be sent with the request that completes an upload: send its chunks by PUT, ' +
          'or a whole file to the path without an id';
        throw ChunkedUploadError.malformedRequest(detail);
      }
      const checksum = () => fields.get(checksumField);
      if (file && id === null) {
        const { body, length } = file;
        const digests = digestsOf(file, incoming);
        const whole = { body, length, digests, checksum, ...uploadFields(fields, file) };
        return this.steps.uploads.uploadWhole(whole, context);
      }
      if (id === null) {
        const why = missingFile(incoming, fieldName, fields);
        throw ChunkedUploadError.noChunk(`${why}. An upload is completed by its id in the path`);
      }
      const input = { checksum: checksum(), total: fields.getSize('total') };
      return this.steps.uploads.complete(id, input, context);
    });
    response.header('Cache-Control', 'no-store');
    if ('answer' in finished) return finished.answer;
    return answerJson(response, this.steps.answerCompletion(finished, collectionUrl));
  }

  /** Removes the upload that `upload_id` names. */
  async remove(request: HostRequest): Promise<void> {
    const { uploads, uploadType } = this.steps;
    const fields = new FormFields(queryOf(incomingOf(request)));
    await withRequestBody(request, uploadType.fieldName, fields, async () => {
      const id = namedUpload(fields);
      if (id === null) {
        const sentence = 'This field is required, or the id in the path.';
        throw ChunkedUploadError.invalidField('upload_id', sentence);
      }
      await uploads.remove(id, await this.steps.context(request));
    });
  }
}

/** Those of a raw body alone: a form's would be of the whole form, and not of its file. */
function digestsOf(file: ReceivedFile, incoming: IncomingMessage): ChunkDigest[] {
  return file.isPart ? [] : chunkDigests(incoming.headers);
}
