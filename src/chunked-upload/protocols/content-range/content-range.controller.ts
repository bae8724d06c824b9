import type { IncomingMessage } from 'node:http';
import {
  Delete,
  Get,
  Head,
  HttpCode,
  Logger,
  Param,
  Post,
  Put,
  Req,
  Res,
  StreamableFile,
  UseFilters,
} from '@nestjs/common';
import { ChunkedUploadStatus } from '../../chunked-upload.entity.js';
import type { UploadContext } from '../../chunked-upload.context.js';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { ReadsBody, ServesFile } from '../../platform/fastify.js';
import type { ChunkDigest } from '../../engine/reception.js';
import { chunkDigests } from '../http/chunk-digests.js';
import { ChunkedUploadExceptionFilter } from '../http/chunked-upload-exception.filter.js';
import { parseContentRange, parseUnsatisfiedRange, requireLength } from './content-range.js';
import { redirect, setHead } from '../http/answer-head.js';
import { closeWithResponse } from '../http/close-with-response.js';
import { fileResponse } from '../http/file-response.js';
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
import { nextPageLink, parseListQuery } from './list-query.js';
import { withRequestBody } from '../http/with-request-body.js';
import type { UploadRepresentation } from '../http/representation.js';
import { type ReceivedFile, isNothing } from '../http/received-file.js';
import { missingFile } from './missing-file.js';
import { awaitLateId, namedUpload, uploadFields } from './upload-fields.js';
import { UploadSteps } from '../http/upload-steps.js';

/**
 * The HTTP side of one upload type. Extend it to add guards, interceptors and other decorators, or
 * to override a step (the methods of `UploadSteps`), and hand it over as the option `controller`; the
 * path comes from the option `path`.
 */
@UseFilters(ChunkedUploadExceptionFilter)
export abstract class ChunkedUploadController extends UploadSteps {
  readonly #logger = new Logger('ChunkedUpload');

  /** Begins an upload with its first chunk, or goes on with the one that `upload_id` names. */
  @Put()
  @ReadsBody()
  async putFirst(@Req() request: HostRequest, @Res({ passthrough: true }) response: HostResponse) {
    return this.#put(request, response, null);
  }

  /** Takes the next chunk. */
  @Put(':id')
  @ReadsBody()
  async put(
    @Req() request: HostRequest,
    @Res({ passthrough: true }) response: HostResponse,
    @Param('id') id: string,
  ) {
    return this.#put(request, response, id);
  }

  /** Takes a whole file, or completes the upload that `upload_id` names. */
  @Post()
  @ReadsBody()
  @HttpCode(200)
  async postWhole(@Req() request: HostRequest, @Res({ passthrough: true }) response: HostResponse) {
    return this.#post(request, response, null);
  }

  /** Completes an upload. */
  @Post(':id')
  @ReadsBody()
  @HttpCode(200)
  async post(
    @Req() request: HostRequest,
    @Res({ passthrough: true }) response: HostResponse,
    @Param('id') id: string,
  ) {
    return this.#post(request, response, id);
  }

  /** Lists the caller's uploads, oldest first. */
  @Get()
  async list(@Req() request: HostRequest, @Res({ passthrough: true }) response: HostResponse) {
    const query = queryOf(incomingOf(request));
    const wanted = parseListQuery(query);
    const page = await this.uploads.findPage(wanted, await this.context(request));
    const url = absoluteUrl(request, 0);
    response.header('Cache-Control', 'no-store');
    if (page.hasMore) {
      response.header('Link', nextPageLink(url, query, page.limit, wanted.offset ?? 0));
    }
    return page.uploads.map((upload) => this.represent(upload, url));
  }

  // Each HEAD stands before its GET: Express would answer it with the GET's handler, file and all.

  /** Tells a client that resumes where to go on; ends a silent writer and keeps what it had sent. */
  @Head(':id')
  async head(
    @Req() request: HostRequest,
    @Res({ passthrough: true }) response: HostResponse,
    @Param('id') id: string,
  ): Promise<void> {
    const upload = await this.uploads.findResumable(id, await this.context(request));
    response.header('Cache-Control', 'no-store');
    response.header('Upload-Offset', String(upload.offset));
    if (upload.total !== null) response.header('Upload-Length', String(upload.total));
  }

  @Get(':id')
  async get(
    @Req() request: HostRequest,
    @Res({ passthrough: true }) response: HostResponse,
    @Param('id') id: string,
  ): Promise<UploadRepresentation> {
    const upload = await this.uploads.findOne(id, await this.context(request));
    response.header('Cache-Control', 'no-store');
    return this.represent(upload, absoluteUrl(request, 1));
  }

  @Head(':id/file')
  async headFile(
    @Req() request: HostRequest,
    @Res({ passthrough: true }) response: HostResponse,
    @Param('id') id: string,
  ): Promise<void> {
    const upload = await this.#findComplete(request, id);
    const elsewhere = await this.redirectDownload(upload, request);
    if (elsewhere !== undefined) redirect(response, elsewhere);
    else setHead(response, fileResponse(upload, incomingOf(request).headers));
  }

  /** Serves the completed file, or a range of it. */
  @Get(':id/file')
  @ServesFile()
  async getFile(
    @Req() request: HostRequest,
    @Res({ passthrough: true }) response: HostResponse,
    @Param('id') id: string,
  ): Promise<StreamableFile | undefined> {
    const upload = await this.#findComplete(request, id);
    const elsewhere = await this.redirectDownload(upload, request);
    if (elsewhere !== undefined) {
      redirect(response, elsewhere);
      return undefined;
    }
    const answer = fileResponse(upload, incomingOf(request).headers);
    const hasBytes = answer.status === 200 || answer.status === 206;
    // Before the headers are set: they would go out with an error as well.
    const stream = hasBytes ? await this.uploads.createReadStream(upload, answer.range) : null;
    setHead(response, answer);
    if (stream === null) return undefined;
    closeWithResponse(stream, request, response);
    // By us, with the upload, and not by Nest, which on Fastify says nothing.
    stream.once('error', ({ message }) =>
      this.#logger.warn(`Upload ${upload.id}: The download broke off: ${message}`),
    );
    const type = answer.headers['Content-Type'] ?? '';
    return new StreamableFile(stream, { type }).setErrorLogger(() => undefined);
  }

  /** Removes the upload that `upload_id` names. */
  @Delete()
  @ReadsBody()
  @HttpCode(204)
  async removeNamed(@Req() request: HostRequest): Promise<void> {
    const fields = new FormFields(queryOf(incomingOf(request)));
    await withRequestBody(request, this.uploadType.fieldName, fields, async () => {
      const id = namedUpload(fields);
      if (id === null) {
        const sentence = 'This field is required, or the id in the path.';
        throw ChunkedUploadError.invalidField('upload_id', sentence);
      }
      await this.uploads.remove(id, await this.context(request));
    });
  }

  /** Removes record and bytes, whatever the state. */
  @Delete(':id')
  @ReadsBody()
  @HttpCode(204)
  async remove(@Req() request: HostRequest, @Param('id') id: string): Promise<void> {
    await this.uploads.remove(id, await this.context(request));
  }

  async #put(request: HostRequest, response: HostResponse, pathId: string | null) {
    const incoming = incomingOf(request);
    const context = await this.context(request);
    const fields = new FormFields(queryOf(incoming));
    const collectionUrl = absoluteUrl(request, pathId === null ? 0 : 1);
    const { fieldName } = this.uploadType;
    const upload = await withRequestBody(request, fieldName, fields, async (file) => {
      const header = fieldOf(incoming, 'content-range');
      const announced = parseUnsatisfiedRange(header);
      if (announced !== null && (!file || (await isNothing(file)))) {
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
      if (id !== null) return this.uploads.append(id, chunk, context);
      if (offset !== 0) {
        await awaitLateId(fields, file);
        throw ChunkedUploadError.offsetMismatch(0, offset);
      }
      return this.uploads.begin({ ...chunk, ...uploadFields(fields, file) }, context);
    });
    response.header('Cache-Control', 'no-store');
    return this.represent(upload, collectionUrl);
  }

  /** A PUT without bytes: where the upload goes on, or with no id a new one that has none yet. */
  async #putNothing(
    incoming: IncomingMessage,
    id: string | null,
    fields: FormFields,
    total: number,
    context: UploadContext,
  ) {
    if (id !== null) return this.uploads.findPosition(id, total, context);
    const name = dispositionFilename(incoming.headers['content-disposition']);
    return this.uploads.create(
      { total, ...uploadFields(fields, { name, isPart: false }) },
      context,
    );
  }

  async #post(request: HostRequest, response: HostResponse, pathId: string | null) {
    const context = await this.context(request);
    const incoming = incomingOf(request);
    const fields = new FormFields(queryOf(incoming));
    const checksumField = this.uploadType.checksum?.algorithm ?? '';
    const collectionUrl = absoluteUrl(request, pathId === null ? 0 : 1);
    const completed = await withRequestBody(
      request,
      this.uploadType.fieldName,
      fields,
      async (file) => {
        const id = pathId ?? namedUpload(fields);
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
          return this.uploads.uploadWhole(whole, context);
        }
        if (id === null) {
          const why = missingFile(incoming, this.uploadType.fieldName, fields);
          throw ChunkedUploadError.noChunk(`${why}. An upload is completed by its id in the path`);
        }
        const input = { checksum: checksum(), total: fields.getSize('total') };
        return this.uploads.complete(id, input, context);
      },
    );
    response.header('Cache-Control', 'no-store');
    const answer = this.answerCompletion(completed, collectionUrl);
    if (typeof answer === 'object') return answer;
    // Nest would send a string as HTML, and it may hold a client's words.
    response.header('Content-Type', 'application/json; charset=utf-8');
    return JSON.stringify(answer);
  }

  async #findComplete(request: HostRequest, id: string) {
    const upload = await this.uploads.findOne(id, await this.context(request));
    if (upload.status !== ChunkedUploadStatus.Complete) throw ChunkedUploadError.notFound();
    return upload;
  }
}

/** Those of a raw body alone: a form's would be of the whole form, and not of its file. */
function digestsOf(file: ReceivedFile, incoming: IncomingMessage): ChunkDigest[] {
  return file.isPart ? [] : chunkDigests(incoming.headers);
}
