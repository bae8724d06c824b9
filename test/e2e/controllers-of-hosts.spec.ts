import {
  Body,
  Controller,
  Get,
  HttpCode,
  Injectable,
  Param,
  Post,
  Req,
  StreamableFile,
  UseFilters,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import {
  ChunkedUpload,
  ChunkedUploadExceptionFilter,
  ChunkedUploadService,
  type HostRequest,
  LocalDiskStorage,
} from 'nestjs-chunked-upload';
import { FaultInjectingStorage } from 'nestjs-chunked-upload/testing';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, type HostOptions, startHost } from '../support/host.js';
import { RecordingLogger, loggingTo } from '../support/recording-logger.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

const file = sample(300);

@Injectable()
class Reports {
  constructor(private readonly uploads: ChunkedUploadService) {}

  async write(text: string): Promise<ChunkedUpload> {
    const fields = { filename: 'report.txt' };
    return (await this.uploads.uploadWhole({ fields, body: Buffer.from(text) })).upload;
  }
}

/** What a host writes that has routes of its own beside ours. */
class Routes {
  constructor(
    private readonly uploads: ChunkedUploadService,
    private readonly reports: Reports,
  ) {}

  @Get(':id')
  async one(@Param('id') id: string, @Req() request: HostRequest): Promise<ChunkedUpload> {
    const creator = (request.user as { id: string } | undefined)?.id ?? null;
    return this.uploads.findOne(id, { creator });
  }

  @Post('reports')
  @HttpCode(201)
  async report(@Body() body: { text: string }): Promise<ChunkedUpload> {
    return this.reports.write(body.text);
  }

  @Get(':id/content')
  async content(@Param('id') id: string): Promise<StreamableFile> {
    const upload = await this.uploads.findOne(id);
    return new StreamableFile(await this.uploads.createReadStream(upload));
  }

  @Post(':id/complete')
  @HttpCode(200)
  async complete(@Param('id') id: string, @Body() body: { md5?: string }): Promise<object> {
    const { upload } = await this.uploads.complete(id, { checksum: body.md5 ?? null });
    return upload;
  }

  @Post(':id/append')
  async append(@Param('id') id: string): Promise<ChunkedUpload> {
    return this.uploads.append(id, { body: file.subarray(100), offset: 50 });
  }

  @Get(':id/broken')
  broken(): never {
    throw new Error('of the host');
  }
}

@Controller('own')
@UseFilters(ChunkedUploadExceptionFilter)
class FilteredController extends Routes {
  constructor(uploads: ChunkedUploadService, reports: Reports) {
    super(uploads, reports);
  }
}

@Controller('own')
class PlainController extends Routes {
  constructor(uploads: ChunkedUploadService, reports: Reports) {
    super(uploads, reports);
  }
}

const forAll = { provide: APP_FILTER, useClass: ChunkedUploadExceptionFilter };
const HOSTS: [string, Pick<HostOptions, 'controllers' | 'providers'>][] = [
  ['@UseFilters', { controllers: [FilteredController], providers: [Reports] }],
  ['APP_FILTER', { controllers: [PlainController], providers: [Reports, forAll] }],
];

describe.each(HOSTS)('In a controller of the host, with the filter by %s', (_, parts) => {
  const root = join(tmpdir(), `own-controllers-${process.pid}`);
  const storage = new FaultInjectingStorage(new LocalDiskStorage({ root }));
  const logger = new RecordingLogger();
  let host: Host;
  let ann: UploadClient;
  let own: UploadClient;

  beforeAll(async () => {
    host = await startHost({ ...parts, upload: { storage }, ...loggingTo(logger) });
    ann = new UploadClient(`${host.url}/uploads`);
    own = new UploadClient(`${host.url}/own`);
  });
  afterAll(async () => {
    await host.close();
    await rm(root, { recursive: true, force: true });
  });

  it('errors of the service are answered as our own routes answer them', async () => {
    const { id } = await ann.begin(file.subarray(0, 100), 300);
    const unknown = await own.get('00000000-0000-4000-8000-000000000000');
    expect(unknown).toMatchObject({ status: 404, body: { detail: 'Not found.' } });
    expect(unknown.headers.get('cache-control')).toBe('no-store');
    expect((await own.as('bob').get(id)).status).toBe(404);
    expect((await own.get('no-id')).status).toBe(404);
    expect(await own.send('GET', { id: `${id}/content` })).toMatchObject({ status: 404 });

    const offset = await own.postJson({}, { id: `${id}/append` });
    expect(offset).toMatchObject({
      status: 400,
      body: {
        detail: 'Offsets do not match',
        offset: 100,
        expected_offset: 100,
        provided_offset: 50,
      },
    });
    const short = await own.postJson({ md5: md5(file) }, { id: `${id}/complete` });
    expect(short).toMatchObject({ status: 400, body: { offset: 100, total: 300 } });
    const without = await own.postJson({}, { id: `${id}/complete` });
    expect(without.status).toBe(400);
    expect(without.detail).toMatch(/^Both 'id' and 'md5' are required/);
    await host.uploads.abort(id);
    expect((await own.postJson({}, { id: `${id}/append` })).status).toBe(410);
    expect(logger.lines).toEqual([]);
  });

  it('failures say when to try again, and are in the log', async () => {
    const { id } = await ann.file(file);
    storage.failNext('createReadStream', new Error('EIO: no disk'));
    const answer = await own.send('GET', { id: `${id}/content` });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(logger.lines).toEqual([expect.stringContaining(id)]);
    logger.lines.length = 0;
  });

  it('uploads may be sent as they are', async () => {
    const { status, body } = await own.postJson({ text: 'All is well.' }, { id: 'reports' });
    expect(status).toBe(201);
    const report = body as ChunkedUpload;
    expect(report).toMatchObject({ filename: 'report.txt', status: 2, offset: 12 });
    expect(report.checksum).toBe(md5(Buffer.from('All is well.')));
    expect(JSON.stringify(report)).not.toMatch(/key|lease|state|history|attempt/i);
    const content = await own.send('GET', { id: `${report.id}/content` });
    expect(content.body).toBe('All is well.');
  });

  it('other errors stay the host’s own', async () => {
    const { status, body } = await own.send('GET', { id: 'any/broken' });
    expect(status).toBe(500);
    expect(body).not.toHaveProperty('detail');
    logger.lines.length = 0;
  });
});
