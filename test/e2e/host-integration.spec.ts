import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Get,
  Header,
  HttpException,
  Inject,
  Injectable,
  Module,
  type NestInterceptor,
  RequestMethod,
  SetMetadata,
  StreamableFile,
  UseFilters,
  UseGuards,
  UseInterceptors,
  ValidationPipe,
  Version,
  VersioningType,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { Throttle, ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import type { Request, Response } from 'express';
import {
  AbstractChunkedUpload,
  ChunkedUploadController,
  ChunkedUploadError,
  type HostRequest,
  type HostResponse,
} from 'nestjs-chunked-upload';
import { type Observable, map } from 'rxjs';
import { Entity } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { USUAL, all, askEveryVerb, statusesOf } from '../support/every-verb.js';
import { type HostOptions, withHost } from '../support/host.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

@Entity()
class Video extends AbstractChunkedUpload {}

const file = sample(300);

@Injectable()
class Tenants {
  nameOf(request: Request): string | undefined {
    return request.get('x-tenant');
  }
}

@Injectable()
class Journal {
  readonly entries: string[] = [];
}

@Module({ providers: [Tenants, Journal], exports: [Tenants, Journal] })
class HostServices {}

/** Only requests that name their tenant. */
@Injectable()
class TenantGuard implements CanActivate {
  constructor(private readonly tenants: Tenants) {}

  canActivate(context: ExecutionContext): boolean {
    return this.tenants.nameOf(context.switchToHttp().getRequest<Request>()) !== undefined;
  }
}

@Injectable()
class JournalInterceptor implements NestInterceptor {
  constructor(private readonly journal: Journal) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { method } = context.switchToHttp().getRequest<Request>();
    this.journal.entries.push(`${method} ${context.getHandler().name}`);
    return next.handle();
  }
}

@UseGuards(TenantGuard)
@UseInterceptors(JournalInterceptor)
class TenantController extends ChunkedUploadController {
  @Inject(Journal)
  readonly journal!: Journal;

  constructor(private readonly tenants: Tenants) {
    super();
  }

  protected override user(request: HostRequest): string {
    const tenant = this.tenants.nameOf(request as unknown as Request);
    this.journal.entries.push(`user of ${String(tenant)}`);
    return `${String(tenant)}/ann`;
  }
}

const TENANT = { 'x-tenant': 'acme' };
const clientAt = (url: string, path = 'uploads') => new UploadClient(`${url}/${path}`);

/** The statuses of every verb at `path`. */
async function everyStatus(
  options: HostOptions,
  path = 'uploads',
  headers: Readonly<Record<string, string>> = {},
): Promise<Record<string, number>> {
  let statuses = {};
  await withHost(options, async ({ url }) => {
    statuses = statusesOf(await askEveryVerb(clientAt(url, path), headers));
  });
  return statuses;
}

describe('A controller of the host', () => {
  const options: HostOptions = {
    upload: { controller: TenantController, imports: [HostServices] },
  };

  it('injects what `imports` provide, by constructor and by property', async () => {
    await withHost(options, async ({ url }) => {
      const uploads = clientAt(url);
      const { creator } = await uploads.begin(file, 300, { headers: TENANT });
      expect(creator).toBe('acme/ann');
      const other = { 'x-tenant': 'other' };
      const listed = (headers: Record<string, string>) => uploads.send('GET', { headers });
      expect((await listed(TENANT)).body).toHaveLength(1);
      expect((await listed(other)).body).toEqual([]);
    });
  });

  it('guards every verb', async () => {
    expect(await everyStatus(options, 'uploads', TENANT)).toEqual(USUAL);
    await withHost(options, async ({ url, dataSource }) => {
      const asked = statusesOf(await askEveryVerb(clientAt(url)));
      expect(asked).toEqual(all(403));
      expect(await dataSource.query('SELECT id FROM chunked_upload')).toEqual([]);
    });
  });

  it('intercepts every verb', async () => {
    await withHost(options, async ({ url, app }) => {
      await askEveryVerb(clientAt(url), TENANT);
      const { entries } = app.get(Journal, { strict: false });
      expect([...new Set(entries)]).toEqual([
        'PUT putFirst',
        'user of acme',
        'PUT put',
        'HEAD head',
        'GET get',
        'POST post',
        'POST postWhole',
        'GET list',
        'HEAD headFile',
        'GET getFile',
        'DELETE remove',
        'DELETE removeNamed',
      ]);
    });
  });

  it('is shared by two types, each with a path of its own', async () => {
    const types = [
      { path: 'videos', entity: Video, controller: TenantController, imports: [HostServices] },
    ];
    for (const path of ['uploads', 'videos']) {
      expect(await everyStatus({ ...options, types }, path, TENANT)).toEqual(USUAL);
    }
  });

  it('filters the errors of every verb, before the module does', async () => {
    @Catch(ChunkedUploadError)
    class Teapot implements ExceptionFilter<ChunkedUploadError> {
      catch(error: ChunkedUploadError, context: ArgumentsHost): void {
        context.switchToHttp().getResponse<Response>().status(418).json({ code: error.code });
      }
    }
    @UseFilters(Teapot)
    class FilteredController extends ChunkedUploadController {}
    await withHost({ upload: { controller: FilteredController } }, async ({ url }) => {
      const uploads = clientAt(url);
      expect(await uploads.get('none')).toMatchObject({ status: 418, body: { code: 'not_found' } });
      expect((await uploads.delete('none')).status).toBe(418);
      expect((await uploads.put(null, file)).body).toEqual({ code: 'bad_content_range' });
    });
  });
});

describe('A route that the host overrides', () => {
  const Plan = (plan: string) => SetMetadata('plan', plan);
  const plans: (string | undefined)[] = [];

  @Injectable()
  class PlanGuard implements CanActivate {
    constructor(private readonly reflector: Reflector) {}

    canActivate(context: ExecutionContext): boolean {
      const targets = [context.getHandler(), context.getClass()];
      plans.push(this.reflector.getAllAndOverride<string | undefined>('plan', targets));
      return true;
    }
  }

  class Forbidding implements CanActivate {
    canActivate(): boolean {
      throw new ForbiddenException('Nothing is removed here.');
    }
  }

  @Plan('class')
  @UseGuards(PlanGuard)
  class OverridingController extends ChunkedUploadController {
    @Plan('method')
    @Header('X-Began', 'yes')
    override async putFirst(request: HostRequest, response: HostResponse) {
      return super.putFirst(request, response);
    }

    @UseGuards(Forbidding)
    override async remove(request: HostRequest, id: string): Promise<void> {
      return super.remove(request, id);
    }

    @Get(':id/file')
    @Header('X-Served-By', 'the host')
    override async getFile(request: HostRequest, response: HostResponse, id: string) {
      return super.getFile(request, response, id);
    }

    override async get(request: HostRequest, response: HostResponse, id: string) {
      return super.get(request, response, id);
    }

    @Get('quota')
    quota(): object {
      return { maxBytes: 300 };
    }
  }
  const options: HostOptions = { upload: { controller: OverridingController } };

  it('keeps the decorators that it does not repeat, on every verb', async () => {
    const expected = { ...USUAL, 'DELETE :id': 403 };
    expect(await everyStatus(options)).toEqual(expected);
  });

  it('takes decorators of its own, beside those of the class', async () => {
    await withHost(options, async ({ url }) => {
      plans.length = 0;
      const uploads = clientAt(url);
      const begun = await uploads.put('bytes 0-299/300', file);
      expect(begun.headers.get('x-began')).toBe('yes');
      const { id } = begun.upload;
      const done = await uploads.complete(id, md5(file));
      expect(done.headers.get('x-began')).toBeNull();
      const removed = await uploads.delete(id);
      expect(removed).toMatchObject({ status: 403, body: { message: 'Nothing is removed here.' } });
      expect((await uploads.download(id)).headers.get('x-served-by')).toBe('the host');
      expect(plans).toEqual(['method', 'class', 'class', 'class']);
    });
  });

  it('still answers HEAD with HEAD', async () => {
    await withHost(options, async ({ url }) => {
      const uploads = clientAt(url);
      const { id } = await uploads.file(file);
      expect((await uploads.head(id)).headers.get('upload-offset')).toBe('300');
      const head = await uploads.send('HEAD', { id: `${id}/file` });
      expect(head.headers.get('x-served-by')).toBeNull();
      expect(head.headers.get('content-length')).toBe('300');
    });
  });

  it('leaves room for routes that the host adds', async () => {
    await withHost(options, async ({ url }) => {
      expect((await clientAt(url).get('quota')).body).toEqual({ maxBytes: 300 });
    });
  });

  it('changes nothing for the types that have another controller', async () => {
    const types = [{ path: 'videos', entity: Video }];
    expect(await everyStatus({ ...options, types }, 'videos')).toEqual(USUAL);
  });
});

describe('Versioning', () => {
  @Controller({ version: '2' })
  class SecondVersion extends ChunkedUploadController {}

  class OneNewRoute extends ChunkedUploadController {
    @Version('2')
    override async get(request: HostRequest, response: HostResponse, id: string) {
      return super.get(request, response, id);
    }
  }

  const byUri = (controller: typeof SecondVersion): HostOptions => ({
    upload: { controller },
    prepare: (app) => app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' }),
  });

  it('by URI gives every verb the version of the class', async () => {
    expect(await everyStatus(byUri(SecondVersion), 'v2/uploads')).toEqual(USUAL);
    expect(await everyStatus(byUri(SecondVersion), 'v1/uploads')).toEqual(all(404));
  });

  it('by URI gives every verb the default version', async () => {
    const options = byUri(ChunkedUploadController as never);
    expect(await everyStatus(options, 'v1/uploads')).toEqual(USUAL);
    expect(await everyStatus(options, 'uploads')).toEqual(all(404));
  });

  it('of one route moves this route alone', async () => {
    await withHost(byUri(OneNewRoute), async ({ url }) => {
      const { id } = await clientAt(url, 'v1/uploads').begin(file, 300);
      expect((await clientAt(url, 'v2/uploads').get(id)).upload.offset).toBe(300);
      expect((await clientAt(url, 'v1/uploads').get(id)).status).toBe(404);
    });
  });

  it('by header', async () => {
    const options: HostOptions = {
      upload: { controller: SecondVersion },
      prepare: (app) =>
        app.enableVersioning({ type: VersioningType.HEADER, header: 'X-API-Version' }),
    };
    expect(await everyStatus(options, 'uploads', { 'x-api-version': '2' })).toEqual(USUAL);
    expect(await everyStatus(options, 'uploads', { 'x-api-version': '1' })).toEqual(all(404));
  });

  it('is in the URLs that an upload is shown with', async () => {
    await withHost(byUri(SecondVersion), async ({ url }) => {
      const upload = await clientAt(url, 'v2/uploads').file(file);
      expect(upload.url).toBe(`${url}/v2/uploads/${upload.id}`);
      expect((await fetch(upload.url, { headers: { 'x-user': 'ann' } })).status).toBe(200);
      const { status } = await fetch(upload.file ?? '', { headers: { 'x-user': 'ann' } });
      expect(status).toBe(200);
    });
  });
});

describe('@nestjs/throttler', () => {
  const throttler = (limit: number) => ThrottlerModule.forRoot([{ ttl: 600_000, limit }]);

  @UseGuards(ThrottlerGuard)
  class ThrottledController extends ChunkedUploadController {
    @Throttle({ default: { limit: 1, ttl: 600_000 } })
    override async putFirst(request: HostRequest, response: HostResponse) {
      return super.putFirst(request, response);
    }
  }

  it('limits every verb of a class, and one of them by a limit of its own', async () => {
    const options: HostOptions = {
      upload: { controller: ThrottledController },
      imports: [throttler(2)],
    };
    await withHost(options, async ({ url }) => {
      const uploads = clientAt(url);
      const { id } = await uploads.begin(file, 300);
      const refused = await uploads.put('bytes 0-299/300', file);
      expect(refused.status).toBe(429);
      expect(refused.headers.get('retry-after')).toBe('600');
      const gets = [await uploads.get(id), await uploads.get(id), await uploads.get(id)];
      expect(gets.map(({ status }) => status)).toEqual([200, 200, 429]);
      expect(await uploads.list()).toHaveLength(1);
    });
  });

  it('limits every verb as a guard of the application', async () => {
    const options: HostOptions = {
      imports: [throttler(0)],
      providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
    };
    expect(await everyStatus(options)).toEqual(all(429));
  });
});

describe('What the host sets for the whole application holds for every verb', () => {
  it('a prefix', async () => {
    const options: HostOptions = { prepare: (app) => app.setGlobalPrefix('api/v3') };
    expect(await everyStatus(options, 'api/v3/uploads')).toEqual(USUAL);
    expect(await everyStatus(options, 'uploads')).toEqual(all(404));
  });

  it('a prefix that the uploads are excluded from', async () => {
    const exclude = ['uploads', 'uploads/*path'].map((path) => ({
      path,
      method: RequestMethod.ALL,
    }));
    const options: HostOptions = { prepare: (app) => app.setGlobalPrefix('api', { exclude }) };
    expect(await everyStatus(options, 'uploads')).toEqual(USUAL);
  });

  it('a prefix, a default version and a version of the type at once', async () => {
    @Controller({ version: ['2', '3'] })
    class Versions extends ChunkedUploadController {}
    const options: HostOptions = {
      upload: { controller: Versions },
      prepare: (app) => {
        app.setGlobalPrefix('api');
        app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
      },
    };
    for (const version of [2, 3]) {
      expect(await everyStatus(options, `api/v${version}/uploads`)).toEqual(USUAL);
    }
  });

  it('a ValidationPipe, as strict as it can be', async () => {
    const pipe = new ValidationPipe({
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      transform: true,
      transformOptions: { enableImplicitConversion: true },
    });
    const options: HostOptions = { prepare: (app) => app.useGlobalPipes(pipe) };
    expect(await everyStatus(options)).toEqual(USUAL);
  });

  it('guards', async () => {
    @Injectable()
    class Closed implements CanActivate {
      canActivate(): boolean {
        return false;
      }
    }
    const injected = [{ provide: APP_GUARD, useClass: Closed }];
    expect(await everyStatus({ providers: injected })).toEqual(all(403));
    const prepare: HostOptions['prepare'] = (app) => app.useGlobalGuards(new Closed());
    expect(await everyStatus({ prepare })).toEqual(all(403));
  });

  it('an interceptor that wraps results', async () => {
    @Injectable()
    class Wrapper implements NestInterceptor {
      intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
        const wrap = (data: unknown) => (data instanceof StreamableFile ? data : { data });
        return next.handle().pipe(map(wrap));
      }
    }
    const providers = [{ provide: APP_INTERCEPTOR, useClass: Wrapper }];
    await withHost({ providers }, async ({ url }) => {
      const asked = await askEveryVerb(clientAt(url));
      expect(statusesOf(asked)).toEqual(USUAL);
      const bodies = new Map(asked.map(({ name, answer }) => [name, answer.body]));
      for (const name of ['PUT', 'PUT :id', 'PUT upload_id', 'POST :id', 'POST', 'GET :id']) {
        expect(bodies.get(name), name).toMatchObject({ data: { filename: 'file.bin' } });
      }
      expect(bodies.get('GET')).toMatchObject({ data: [{}, {}, {}] });
      expect(bodies.get('HEAD :id')).toBe('');
      expect(bodies.get('DELETE :id')).toBe('');
      expect(bodies.get('GET :id/file')).toBe(file.toString());
    });
  });

  it('filters, for what is not the module’s own', async () => {
    @Catch()
    class Everything implements ExceptionFilter {
      catch(error: unknown, context: ArgumentsHost): void {
        const status = error instanceof HttpException ? error.getStatus() : 500;
        const response = context.switchToHttp().getResponse<Response>();
        response.status(status).json({ by: 'the host' });
      }
    }
    const options: HostOptions = {
      upload: {
        onComplete: () => {
          throw new ForbiddenException();
        },
      },
      prepare: (app) => app.useGlobalFilters(new Everything()),
    };
    await withHost(options, async ({ url }) => {
      const uploads = clientAt(url);
      const { id } = await uploads.begin(file, 300);
      const refused = { status: 403, body: { by: 'the host' } };
      expect(await uploads.complete(id, md5(file))).toMatchObject(refused);
      expect((await uploads.get('none')).body).toEqual({ detail: 'Not found.' });
    });
  });
});
