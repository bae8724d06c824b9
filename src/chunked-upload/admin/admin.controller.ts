import {
  Get,
  Head,
  HttpCode,
  Inject,
  Param,
  Post,
  Req,
  Res,
  StreamableFile,
  UseFilters,
  UseInterceptors,
} from '@nestjs/common';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import { ADMIN_STATUSES } from '../database/admin.repository.js';
import { ChunkedUploadExceptionFilter } from '../protocols/http/chunked-upload-exception.filter.js';
import { ServesFile } from '../platform/fastify.js';
import { NeverCached } from '../platform/never-cached.js';
import { setHead } from '../protocols/http/answer-head.js';
import {
  type HostRequest,
  type HostResponse,
  incomingOf,
  queryOf,
} from '../protocols/http/host-request.js';
import { sendFile } from '../protocols/http/send-file.js';
import { AdminActionsService, type MatchingAction } from './admin-actions.service.js';
import { adminFileResponse } from './admin-file.js';
import { parseExpiry, parseOwner } from './admin-changes.js';
import { parseMatchingUploads } from './admin-matching.js';
import { parseAdminQuery, requireKnown, text } from './admin-query.js';
import { parseSuggestions } from './admin-suggestions.js';
import { readMutation } from './admin-request.js';
import { parseSelection, requireSelection } from './admin-selection.js';
import { ADMIN_PATH } from './admin.tokens.js';
import { AdminJournal } from './admin-journal.js';
import { AdminService } from './admin.service.js';
import { type PageFile, pageDocument, pageFile } from './page-file.js';
import { SecureHeadersInterceptor } from './secure-headers.interceptor.js';

/** The admin's page, and the endpoints that it uses. Guards and path come from its factory. */
@UseFilters(ChunkedUploadExceptionFilter)
@UseInterceptors(SecureHeadersInterceptor)
@NeverCached()
export abstract class AdminController {
  @Inject(AdminService)
  private readonly admin!: AdminService;

  @Inject(AdminActionsService)
  private readonly actions!: AdminActionsService;

  @Inject(AdminJournal)
  private readonly journal!: AdminJournal;

  @Inject(ADMIN_PATH)
  private readonly path!: string;

  @Get()
  async page(@Req() request: HostRequest): Promise<StreamableFile> {
    const target = (request.originalUrl ?? incomingOf(request).url ?? '').split('?')[0] ?? '';
    const folder = this.path.split('/').findLast((segment) => segment !== '') ?? '';
    // Relative, so that a proxy may serve it below another path.
    const base = target.endsWith('/') ? './' : `./${encodeURIComponent(folder)}/`;
    return send(await pageDocument(base));
  }

  @Get('assets/:name')
  async asset(@Param('name') name: string): Promise<StreamableFile> {
    const file = await pageFile(name);
    if (!file) throw ChunkedUploadError.notFound();
    return send(file);
  }

  /** What the page's filters offer. */
  @Get('api/types')
  async types() {
    return {
      types: this.admin.typeNames(),
      statuses: ADMIN_STATUSES,
      owner_types: this.admin.ownerTypes(),
      searches_within: await this.admin.searchesWithin(),
    };
  }

  @Get('api/uploads')
  async list(@Req() request: HostRequest) {
    return this.admin.list(parseAdminQuery(queryOf(incomingOf(request))));
  }

  /** Apart from the list, which must not wait for it. */
  @Get('api/count')
  async count(@Req() request: HostRequest) {
    return this.admin.count(parseAdminQuery(queryOf(incomingOf(request))));
  }

  @Get('api/uploads/:id')
  async detail(@Req() request: HostRequest, @Param('id') id: string) {
    const query = queryOf(incomingOf(request));
    requireKnown(query, ['type']);
    const type = text(query, 'type');
    if (type === undefined) throw ChunkedUploadError.invalidField('type', 'This is required.');
    return this.admin.detail({ type, id });
  }

  /** Counts and bytes by type and status. */
  @Get('api/summary')
  async summary(@Req() request: HostRequest) {
    requireKnown(queryOf(incomingOf(request)), []);
    return { types: await this.admin.summary() };
  }

  /** What a field may be filled with. */
  @Get('api/suggestions')
  async suggestions(@Req() request: HostRequest) {
    const { type, ...wanted } = parseSuggestions(queryOf(incomingOf(request)));
    return { values: await this.admin.suggestions(type, wanted) };
  }

  // Before its GET: Express would answer it with the GET's handler, file and all.
  @Head('api/uploads/:id/file')
  async fileHead(
    @Req() request: HostRequest,
    @Res({ passthrough: true }) response: HostResponse,
    @Param('id') id: string,
  ): Promise<void> {
    const { upload, isPreview } = await this.#fileOf(request, id);
    setHead(response, adminFileResponse(upload, incomingOf(request).headers, isPreview));
  }

  /** The completed file: as a download, or with `preview=true` as something to look at. */
  @Get('api/uploads/:id/file')
  @ServesFile()
  async file(
    @Req() request: HostRequest,
    @Res({ passthrough: true }) response: HostResponse,
    @Param('id') id: string,
  ): Promise<StreamableFile | undefined> {
    const { type, upload, isPreview } = await this.#fileOf(request, id);
    const answer = adminFileResponse(upload, incomingOf(request).headers, isPreview);
    return sendFile({ request, response, upload, answer }, (range) =>
      this.admin.read(type, upload, range),
    );
  }

  @Post('api/abort')
  @HttpCode(200)
  async abort(@Req() request: HostRequest) {
    return this.#act(request, 'abort');
  }

  @Post('api/delete')
  @HttpCode(200)
  async remove(@Req() request: HostRequest) {
    return this.#act(request, 'delete');
  }

  /** Of a selection, or all of the type that the body names, or of all types. */
  @Post('api/delete-expired')
  @HttpCode(200)
  async removeExpired(@Req() request: HostRequest) {
    const body = await readMutation(request);
    const selection = parseSelection(body);
    if (selection) {
      const outcomes = await this.actions.removeExpiredOf(selection);
      await this.journal.outcomes(request, 'deleted', outcomes);
      return { outcomes };
    }
    const { type, ...unknown } = body;
    // A misspelt type must not mean all types.
    for (const name of Object.keys(unknown)) {
      const sentence = 'Unknown field. Known: uploads, type.';
      throw ChunkedUploadError.invalidField(name, sentence);
    }
    if (type !== undefined && typeof type !== 'string') {
      throw ChunkedUploadError.invalidField('type', 'The name of an upload type is required.');
    }
    const result = await this.actions.removeExpired(type);
    await this.journal.removedExpired(request, type, result);
    return result;
  }

  /** Gives a selection to an owner, or with `null` to nobody. */
  @Post('api/owner')
  @HttpCode(200)
  async assignOwner(@Req() request: HostRequest) {
    const body = await readMutation(request);
    const owner = parseOwner(body);
    const outcomes = await this.actions.assignOwner(requireSelection(body), owner);
    const to = owner === null ? 'nobody' : JSON.stringify(`${owner.type} ${String(owner.id)}`);
    await this.journal.outcomes(request, 'gave', outcomes, to);
    return { outcomes };
  }

  /** When the unfinished ones of a selection expire; `null`: never. */
  @Post('api/expiry')
  @HttpCode(200)
  async setExpiry(@Req() request: HostRequest) {
    const body = await readMutation(request);
    const expiresAt = parseExpiry(body);
    const outcomes = await this.actions.setExpiry(requireSelection(body), expiresAt);
    const to = expiresAt?.toISOString() ?? 'never';
    await this.journal.outcomes(request, 'set the expiry of', outcomes, to);
    return { outcomes };
  }

  /** Of a selection, or of the first of all that match. */
  async #act(request: HostRequest, action: MatchingAction) {
    const body = await readMutation(request);
    const done = action === 'abort' ? 'aborted' : 'deleted';
    const matching = parseMatchingUploads(body);
    if (matching) {
      const result = await this.actions.onMatching(action, matching);
      await this.journal.outcomes(request, done, result.outcomes);
      return result;
    }
    const selection = requireSelection(body);
    const outcomes = await (action === 'abort'
      ? this.actions.abort(selection)
      : this.actions.remove(selection));
    await this.journal.outcomes(request, done, outcomes);
    return { outcomes };
  }

  async #fileOf(request: HostRequest, id: string) {
    const query = queryOf(incomingOf(request));
    requireKnown(query, ['type', 'preview']);
    const type = query.get('type');
    if (!type) throw ChunkedUploadError.invalidField('type', 'This is required.');
    const upload = await this.admin.complete({ type, id });
    return { type, upload, isPreview: query.get('preview') === 'true' };
  }
}

function send({ bytes, contentType }: PageFile): StreamableFile {
  return new StreamableFile(bytes, { type: contentType, length: bytes.length });
}
