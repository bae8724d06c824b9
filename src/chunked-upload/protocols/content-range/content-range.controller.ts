import {
  Delete,
  Get,
  Head,
  HttpCode,
  Options,
  Param,
  Patch,
  Post,
  Put,
  Req,
  Res,
  StreamableFile,
  UseFilters,
} from '@nestjs/common';
import { ChunkedUploadStatus } from '../../chunked-upload.entity.js';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { ReadsBody, ServesFile } from '../../platform/fastify.js';
import { NeverCached } from '../../platform/never-cached.js';
import { redirect, setFields, setHead } from '../http/answer-head.js';
import { ChunkedUploadExceptionFilter } from '../http/chunked-upload-exception.filter.js';
import { fileResponse } from '../http/file-response.js';
import {
  type HostRequest,
  type HostResponse,
  absoluteUrl,
  incomingOf,
  queryOf,
} from '../http/host-request.js';
import type { UploadRepresentation } from '../http/representation.js';
import { sendFile } from '../http/send-file.js';
import { type ProtocolSteps, chooseProtocol } from '../http/upload-protocol.js';
import { UploadSteps } from '../http/upload-steps.js';
import { ContentRange } from './content-range.requests.js';
import { nextPageLink, parseListQuery } from './list-query.js';

/**
 * The HTTP side of one upload type. Extend it to add guards, interceptors and other decorators, or
 * to override a step (the methods of `UploadSteps`), and hand it over as the option `controller`; the
 * path comes from the option `path`.
 */
@UseFilters(ChunkedUploadExceptionFilter)
@NeverCached()
export abstract class ChunkedUploadController extends UploadSteps {
  /** Begins an upload with its first chunk, or goes on with the one that `upload_id` names. */
  @Put()
  @ReadsBody()
  async putFirst(@Req() request: HostRequest, @Res({ passthrough: true }) response: HostResponse) {
    return this.#speak(request, response, null, async () => this.#own.put(request, response, null));
  }

  /** Takes the next chunk. */
  @Put(':id')
  @ReadsBody()
  async put(
    @Req() request: HostRequest,
    @Res({ passthrough: true }) response: HostResponse,
    @Param('id') id: string,
  ) {
    return this.#speak(request, response, id, async () => this.#own.put(request, response, id));
  }

  /** Takes a whole file, or completes the upload that `upload_id` names. */
  @Post()
  @ReadsBody()
  @HttpCode(200)
  async postWhole(@Req() request: HostRequest, @Res({ passthrough: true }) response: HostResponse) {
    return this.#speak(request, response, null, async () =>
      this.#own.post(request, response, null),
    );
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
    return this.#speak(request, response, id, async () => this.#own.post(request, response, id));
  }

  /** Takes the next chunk of an upload that is named elsewhere than in the path. */
  @Patch()
  @ReadsBody()
  async patchNamed(
    @Req() request: HostRequest,
    @Res({ passthrough: true }) response: HostResponse,
  ) {
    return this.#speak(request, response, null, refuseUnmarked);
  }

  /** Takes the next chunk, by another protocol than the type's own. */
  @Patch(':id')
  @ReadsBody()
  async patch(
    @Req() request: HostRequest,
    @Res({ passthrough: true }) response: HostResponse,
    @Param('id') id: string,
  ) {
    return this.#speak(request, response, id, refuseUnmarked);
  }

  /** Tells what may be spoken here, and what may be sent. */
  @Options()
  @HttpCode(204)
  async options(
    @Req() request: HostRequest,
    @Res({ passthrough: true }) response: HostResponse,
  ): Promise<void> {
    response.header('Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
    for (const protocol of this.protocols) {
      setFields(response, await protocol.options?.(this.#steps, request));
    }
  }

  /** The same of an upload that need not be there: browsers ask before they send anything, a HEAD as well. */
  @Options(':id')
  @HttpCode(204)
  async optionsOfOne(
    @Req() request: HostRequest,
    @Res({ passthrough: true }) response: HostResponse,
  ): Promise<void> {
    return this.options(request, response);
  }

  @Options(':id/file')
  @HttpCode(204)
  optionsOfFile(@Res({ passthrough: true }) response: HostResponse): void {
    response.header('Allow', 'GET, HEAD, OPTIONS');
  }

  // Each HEAD stands before its GET: Express would answer it with the GET's handler, file and all.

  /** Tells where to go on with an upload that is named elsewhere than in the path. */
  @Head()
  async headNamed(@Req() request: HostRequest, @Res({ passthrough: true }) response: HostResponse) {
    return this.#speak(request, response, null, () => this.list(request, response));
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

  /** Tells a client that resumes where to go on; ends a silent writer and keeps what it had sent. */
  @Head(':id')
  async head(
    @Req() request: HostRequest,
    @Res({ passthrough: true }) response: HostResponse,
    @Param('id') id: string,
  ): Promise<void> {
    await this.#speak(request, response, id, async () => {
      const context = await this.context(request);
      const upload = await this.uploads.findResumable(id, context);
      response.header('Cache-Control', 'no-store');
      response.header('Upload-Offset', String(upload.offset));
      if (upload.total !== null) response.header('Upload-Length', String(upload.total));
      for (const protocol of this.protocols) {
        setFields(response, await protocol.headFields?.(upload, context));
      }
    });
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
    return sendFile({ request, response, upload, answer }, (range) =>
      this.uploads.createReadStream(upload, range),
    );
  }

  /** Removes the upload that `upload_id` names. */
  @Delete()
  @ReadsBody()
  @HttpCode(204)
  async removeNamed(
    @Req() request: HostRequest,
    @Res({ passthrough: true }) response: HostResponse = UNANSWERED,
  ): Promise<void> {
    await this.#speak(request, response, null, () => this.#contentRange.remove(request));
  }

  /** Removes record and bytes, whatever the state. */
  @Delete(':id')
  @ReadsBody()
  @HttpCode(204)
  async remove(
    @Req() request: HostRequest,
    @Param('id') id: string,
    @Res({ passthrough: true }) response: HostResponse = UNANSWERED,
  ): Promise<void> {
    await this.#speak(request, response, id, async () =>
      this.uploads.remove(id, await this.context(request)),
    );
  }

  get #own(): ContentRange {
    if (!this.uploadType.protocols.includes('content-range')) {
      throw ChunkedUploadError.malformedRequest('Chunks with Content-Range are not accepted here');
    }
    return this.#contentRange;
  }

  get #contentRange(): ContentRange {
    return new ContentRange(this.#steps, this.protocols);
  }

  get #steps(): ProtocolSteps {
    return {
      uploads: this.uploads,
      uploadType: this.uploadType,
      context: (request) => this.context(request),
      represent: (upload, url) => this.represent(upload, url),
      answerCompletion: (completed, url) => this.answerCompletion(completed, url),
    };
  }

  /** By another protocol, where the request is of one; the answer is of that protocol then. */
  async #speak<R>(
    request: HostRequest,
    response: HostResponse,
    id: string | null,
    otherwise: () => Promise<R>,
  ): Promise<R> {
    const protocol = chooseProtocol(this.protocols, incomingOf(request), id);
    if (!protocol) return otherwise();
    return protocol.answer(this.#steps, { request, response, id }) as Promise<R>;
  }

  async #findComplete(request: HostRequest, id: string) {
    const upload = await this.uploads.findOne(id, await this.context(request));
    if (upload.status !== ChunkedUploadStatus.Complete) throw ChunkedUploadError.notFound();
    return upload;
  }
}

/** Of a host that calls one of these methods, and says no more than that it has been removed. */
const UNANSWERED: HostResponse = { status: () => undefined, header: () => undefined };

async function refuseUnmarked(): Promise<never> {
  throw ChunkedUploadError.malformedRequest(
    'A PATCH must name its protocol: send Tus-Resumable or Upload-Offset',
  );
}
