import {
  Get,
  HttpCode,
  Inject,
  Param,
  Post,
  Req,
  StreamableFile,
  UseFilters,
  UseInterceptors,
} from '@nestjs/common';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import { ChunkedUploadExceptionFilter } from '../protocols/http/chunked-upload-exception.filter.js';
import { type HostRequest, incomingOf, queryOf } from '../protocols/http/host-request.js';
import { STATUSES, parseAdminQuery } from './admin-query.js';
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
export abstract class AdminController {
  @Inject(AdminService)
  private readonly admin!: AdminService;

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
  types() {
    return { types: this.admin.typeNames(), statuses: STATUSES };
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
    const { type } = parseAdminQuery(queryOf(incomingOf(request)));
    if (type === undefined) throw ChunkedUploadError.invalidField('type', 'This is required.');
    return this.admin.detail({ type, id });
  }

  @Post('api/abort')
  @HttpCode(200)
  async abort(@Req() request: HostRequest) {
    const selection = requireSelection(await readMutation(request));
    const outcomes = await this.admin.abort(selection);
    await this.journal.outcomes(request, 'aborted', outcomes);
    return { outcomes };
  }

  @Post('api/delete')
  @HttpCode(200)
  async remove(@Req() request: HostRequest) {
    const selection = requireSelection(await readMutation(request));
    const outcomes = await this.admin.remove(selection);
    await this.journal.outcomes(request, 'deleted', outcomes);
    return { outcomes };
  }

  /** Of a selection, or all of the type that the body names, or of all types. */
  @Post('api/delete-expired')
  @HttpCode(200)
  async removeExpired(@Req() request: HostRequest) {
    const body = await readMutation(request);
    const selection = parseSelection(body);
    if (selection) {
      const outcomes = await this.admin.removeExpiredOf(selection);
      await this.journal.outcomes(request, 'deleted', outcomes);
      return { outcomes };
    }
    const { type, ...unknown } = body;
    // A misspelt type must not mean all types.
    for (const name of Object.keys(unknown)) {
      const sentence = 'There is no such field: there are uploads and type.';
      throw ChunkedUploadError.invalidField(name, sentence);
    }
    if (type !== undefined && typeof type !== 'string') {
      throw ChunkedUploadError.invalidField('type', 'The name of an upload type is required.');
    }
    const result = await this.admin.removeExpired(type);
    await this.journal.removedExpired(request, type, result);
    return result;
  }
}

function send({ bytes, contentType }: PageFile): StreamableFile {
  return new StreamableFile(bytes, { type: contentType, length: bytes.length });
}
