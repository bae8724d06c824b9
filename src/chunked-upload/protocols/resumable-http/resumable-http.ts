import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../../chunked-upload.entity.js';
import { ChunkedUploadError, hasCode } from '../../chunked-upload.errors.js';
import { setFields } from '../http/answer-head.js';
import { answerJson } from '../http/answer-json.js';
import { chunkDigests } from '../http/chunk-digests.js';
import { isKept, isRefusal } from '../http/failed-creation.js';
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
import type { ProtocolSteps } from '../http/upload-protocol.js';
import type { ReceivedFile } from '../http/received-file.js';
import { withRawBody } from '../http/request-body.js';
import { uploadFields } from '../http/upload-fields.js';
import { type Exchange, acknowledge, inform, limitsOf, partialContent } from './exchange.js';
import { reprSum } from './repr-digest.js';
import { announcedLength, refuseStateFields, uploadRequest } from './upload-request.js';
import { completeField, versionField } from './upload-state.js';

/**
 * Resumable Uploads for HTTP, an Internet-Draft (draft-ietf-httpbis-resumable-upload, here -01 to -11):
 * a request that bears a whole file becomes one that can be gone on with, since an interim response
 * says where.
 */
export class ResumableHttp {
  constructor(private readonly steps: ProtocolSteps) {}

  /** Creation (section 4.2): of any method that has content. */
  async create(request: HostRequest, response: HostResponse): Promise<unknown> {
    const exchange = await this.#exchange(request, response, 0);
    const { context, wanted, collectionUrl } = exchange;
    if (wanted.complete === null) throw missing('Upload-Complete', '?1');
    return withRawBody(request, async (file) => {
      const incoming = incomingOf(request);
      const form = new FormFields(queryOf(incoming));
      const name = dispositionFilename(incoming.headers['content-disposition']);
      const described = uploadFields(form, { name, isPart: false });
      const total = announcedLength(wanted, 0);
      const { uploads } = this.steps;
      const clientMetadata = fieldOf(incoming, 'repr-digest') ?? null;
      reprSum(clientMetadata, null);
      const created = await uploads.create({ total, clientMetadata, ...described }, context);
      const place = {
        Location: `${new URL(collectionUrl).pathname}/${created.id}`,
        ...(await limitsOf(exchange, created)),
      };
      inform(exchange, place);
      const received = this.#receive(exchange, created.id, 0, file);
      const upload = await received.catch(async (error: unknown) => {
        if (isRefusal(error)) await uploads.remove(created.id, context);
        else if (isKept(error)) setFields(response, place);
        throw error;
      });
      setFields(response, place);
      if (wanted.complete) return this.#complete(exchange, upload);
      return acknowledge(exchange, upload, 201);
    });
  }

  /** Append (section 4.4). */
  async append(request: HostRequest, response: HostResponse, id: string): Promise<unknown> {
    const exchange = await this.#exchange(request, response, 1);
    const { context, wanted } = exchange;
    const { offset, complete, rules } = wanted;
    if (offset === null) throw missing('Upload-Offset', '0');
    if (complete === null) throw missing('Upload-Complete', '?1');
    return withRawBody(request, async (file) => {
      const content = rules > 5 ? await partialContent(exchange, file) : file;
      const received = this.#receive(exchange, id, offset, content);
      const upload = await received.catch(async (error: unknown) => {
        // An upload that got more than its length takes nothing any more (section 4.4.2).
        if (hasCode(error, 'end_exceeds_total')) await this.steps.uploads.abort(id, context);
        // Whose offset is wrong has counted its length from there.
        if (hasCode(error, 'total_mismatch')) await this.#requireOffset(exchange, id, offset);
        throw error;
      });
      if (complete) return this.#complete(exchange, upload);
      return acknowledge(exchange, upload, rules > 4 ? 204 : 201);
    });
  }

  /** Offset retrieval (section 4.3). What writes the upload here is ended: the answer must hold. */
  async head(request: HostRequest, response: HostResponse, id: string): Promise<void> {
    const exchange = await this.#exchange(request, response, 1);
    refuseStateFields(exchange.wanted);
    const upload = await this.steps.uploads.findPosition(id, null, exchange.context, 'any');
    await acknowledge(exchange, upload, 204);
  }

  /** Cancellation (section 4.5). */
  async remove(request: HostRequest, response: HostResponse, id: string): Promise<void> {
    const { wanted, context } = await this.#exchange(request, response, 1);
    refuseStateFields(wanted);
    await this.steps.uploads.remove(id, context);
    response.status(204);
  }

  async #exchange(request: HostRequest, response: HostResponse, levels: number): Promise<Exchange> {
    const wanted = uploadRequest(incomingOf(request));
    response.header('Cache-Control', 'no-store');
    setFields(response, versionField(wanted.version));
    const collectionUrl = absoluteUrl(request, levels);
    const context = await this.steps.context(request);
    const exchange = { request, response, wanted, collectionUrl, context };
    setFields(response, await limitsOf(exchange, null));
    return exchange;
  }

  async #requireOffset({ context }: Exchange, id: string, offset: number): Promise<void> {
    const found = await this.steps.uploads.findOne(id, context);
    if (found.offset !== offset) throw ChunkedUploadError.offsetMismatch(found.offset, offset);
  }

  /** Appends what content there is. */
  async #receive(
    exchange: Exchange,
    id: string,
    offset: number,
    file: ReceivedFile | null,
  ): Promise<AbstractChunkedUpload> {
    const { request, context, wanted } = exchange;
    const { uploads } = this.steps;
    const total = announcedLength(wanted, offset);
    if (!file || file.length === 0) {
      const found = await uploads.findPosition(id, total, context);
      if (found.status === ChunkedUploadStatus.Complete) throw ChunkedUploadError.alreadyComplete();
      if (found.offset !== offset) throw ChunkedUploadError.offsetMismatch(found.offset, offset);
      return found;
    }
    const { body, length } = file;
    const digests = chunkDigests(incomingOf(request).headers);
    const onCheckpoint = (committed: number) => {
      if (wanted.rules > 4) inform(exchange, { 'Upload-Offset': String(committed) });
    };
    // Of what comes in chunks of HTTP's own nobody knows whether there will be any of it.
    const chunk = {
      body,
      length,
      offset,
      total,
      digests,
      mayBeEmpty: length === null,
      onCheckpoint,
    };
    const reached = await uploads.append(id, chunk, context);
    // There were none after all.
    if (reached.status === ChunkedUploadStatus.Complete) throw ChunkedUploadError.alreadyComplete();
    return reached;
  }

  /** The answer that the file would have got if it had come whole (section 4.4.2). */
  async #complete(exchange: Exchange, upload: AbstractChunkedUpload): Promise<unknown> {
    const { response, context, wanted, collectionUrl } = exchange;
    try {
      const input = { total: upload.total ?? upload.offset, checksum: false as const };
      const completed = await this.steps.uploads.complete(upload.id, input, context);
      await acknowledge(exchange, completed.upload, 200);
      const answer = this.steps.answerCompletion(completed, collectionUrl);
      return answerJson(response, answer);
    } catch (error) {
      // All bytes are there: what is wrong is the file, or what the host makes of it.
      const isOfHost = !(error instanceof ChunkedUploadError);
      if (isOfHost || isRefusal(error)) setFields(response, completeField(true, wanted.rules));
      throw error;
    }
  }
}

function missing(field: string, example: string): ChunkedUploadError {
  return ChunkedUploadError.malformedRequest(
    `${field} is missing or malformed. Send it like "${field}: ${example}"`,
  );
}
