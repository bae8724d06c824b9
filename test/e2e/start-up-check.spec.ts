import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { S3Client } from '@aws-sdk/client-s3';
import {
  All,
  type CanActivate,
  Controller,
  Injectable,
  type LoggerService,
  type MiddlewareConsumer,
  Module,
  type NestInterceptor,
  type NestModule,
  Req,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { TypeOrmModule } from '@nestjs/typeorm';
import express, { type Request, type RequestHandler, type Response } from 'express';
import {
  AbstractChunkedUpload,
  CHUNKED_UPLOAD_CORS,
  ChunkedUploadModule,
  LocalDiskStorage,
} from 'nestjs-chunked-upload';
import { S3Storage } from 'nestjs-chunked-upload/s3';
import { MemoryStorage, S3Double } from 'nestjs-chunked-upload/testing';
import { map } from 'rxjs';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { createDatabase } from '../support/database.js';
import { type HostOptions, startHost, withMigrations } from '../support/host.js';
import { ServerProcess } from '../support/server-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { UploadClient, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

@Entity()
class Video extends AbstractChunkedUpload {
  @Column({ type: 'text', nullable: true })
  genre!: string | null;
}

@Entity()
class Person {
  @PrimaryGeneratedColumn()
  id!: number;
}

// Comes with Nest, without types.
const multer = createRequire(import.meta.url)('multer') as () => { any(): RequestHandler };

/** A logger that keeps what this library warns of. */
class Recorder implements LoggerService {
  readonly warnings: string[] = [];
  log(): void {}
  error(): void {}
  warn(message: string, context: string): void {
    if (context === 'ChunkedUpload') this.warnings.push(message);
  }
}

/** What an application that lets its server wait for chunks warns of; closing waits for all of it. */
async function warningsOf({ nest, prepare, ...options }: HostOptions): Promise<string[]> {
  const logger = new Recorder();
  const host = await startHost({
    nest: { ...nest, logger },
    prepare: (app) => {
      app.getHttpServer().requestTimeout = 0;
      prepare?.(app);
    },
    ...options,
  });
  await host.close();
  return logger.warnings;
}

const using = (...handlers: Parameters<NestExpressApplication['use']>): HostOptions => ({
  prepare: (app) => void app.use(...handlers),
});

@Injectable()
class RefusingGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

const refusing = { provide: APP_GUARD, useClass: RefusingGuard };

describe('A well-configured application', () => {
  @Injectable()
  class WrappingInterceptor implements NestInterceptor {
    intercept: NestInterceptor['intercept'] = (_, next) =>
      next.handle().pipe(map((data: unknown) => ({ data })));
  }

  @Controller()
  class TakingController {
    @All('*path')
    async take(@Req() request: Request): Promise<number> {
      let bytes = 0;
      for await (const piece of request) bytes += (piece as Buffer).length;
      return bytes;
    }
  }

  it.each<[string, HostOptions]>([
    ['with the defaults', {}],
    ['with the migrations', { database: withMigrations }],
    ['with rawBody', { nest: { rawBody: true } }],
    ['with bodyParser: false', { nest: { bodyParser: false } }],
    ['with CORS', { nest: { cors: { origin: true, ...CHUNKED_UPLOAD_CORS } } }],
    [
      'with CORS for every protocol',
      {
        nest: { cors: { origin: true, credentials: true, ...CHUNKED_UPLOAD_CORS } },
        upload: { protocols: ['content-range', 'tus', 'filepond', 'resumable-http'] },
      },
    ],
    [
      'with CORS for every header, without credentials',
      {
        nest: {
          cors: { ...CHUNKED_UPLOAD_CORS, methods: '*', allowedHeaders: '*', exposedHeaders: '*' },
        },
      },
    ],
    [
      'with CORS that names only the method that it is asked for',
      {
        upload: { protocols: ['content-range', 'tus'] },
        prepare: (app) =>
          app.use((request: Request, response: Response, next: () => void) => {
            const { exposedHeaders } = CHUNKED_UPLOAD_CORS;
            response.set('Access-Control-Allow-Origin', '*');
            response.set('Access-Control-Expose-Headers', exposedHeaders.join(', '));
            if (request.method !== 'OPTIONS') return next();
            const asked = request.get('Access-Control-Request-Method');
            const headers = request.get('Access-Control-Request-Headers');
            response.set('Access-Control-Allow-Methods', asked);
            response.set('Access-Control-Allow-Headers', headers);
            response.status(204).end();
          }),
      },
    ],
    [
      'with CORS on Fastify',
      { platform: 'fastify', nest: { cors: { origin: true, ...CHUNKED_UPLOAD_CORS } } },
    ],
    [
      'with CORS of Nest, where nobody needs to read more',
      { nest: { cors: true }, upload: { protocols: ['content-range'] } },
    ],
    ['with a parser for types of its own', using(express.raw({ type: 'application/pdf' }))],
    ['with a parser on another path', using('/webhooks', express.raw({ type: '*/*' }))],
    ['that lets nobody in', { providers: [refusing] }],
    ['with a route that takes everything', { controllers: [TakingController] }],
    [
      'with an interceptor',
      { providers: [{ provide: APP_INTERCEPTOR, useClass: WrappingInterceptor }] },
    ],
    ['with a prefix', { prepare: (app) => void app.setGlobalPrefix('api') }],
    ['with a storage that has no check', { upload: { storage: new MemoryStorage() } }],
    ['on Fastify', { platform: 'fastify' }],
    [
      'on Fastify with parsers for all that is sent',
      {
        platform: 'fastify',
        fastify: {
          prepare: (app) => {
            const fastify = app.getHttpAdapter().getInstance();
            fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
              done(null, body);
            });
          },
        },
      },
    ],
    [
      'with owners that say who may attach',
      {
        imports: [TypeOrmModule.forFeature([Person])],
        upload: { owners: { person: { entity: Person, canAttach: () => true } } },
      },
    ],
  ])('%s: no warning', async (_, options) => {
    expect(await warningsOf(options)).toEqual([]);
  });
});

describe('The demo', () => {
  it('starts without a warning', async () => {
    const database = await createDatabase();
    const demo = await ServerProcess.start({ databaseUrl: database.url });
    await demo.stop();
    await database.drop();
    expect(demo.output).toBe(`http://localhost:${demo.port}\n`);
  });
});

describe('The start warns of', () => {
  const upload = { path: '/files' };

  @Module({})
  class ParsingModule implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      consumer.apply(express.raw({ type: '*/*' })).forRoutes('*path');
    }
  }

  const both = 'application/octet-stream and multipart/form-data';

  it.each<[string, string, HostOptions]>([
    ['that leaves bytes', both, using(express.raw({ type: '*/*' }))],
    ['that makes text of them', both, using(express.text({ type: '*/*' }))],
    ['that expects JSON', both, using(express.json({ type: () => true }))],
    ['for forms', 'multipart/form-data', using(multer().any())],
    ['of a module', both, { imports: [ParsingModule] }],
    [
      'before a guard that lets nobody in',
      both,
      { ...using(express.raw({ type: '*/*' })), providers: [refusing] },
    ],
    [
      'below a prefix',
      both,
      {
        prepare: (app) => {
          app.setGlobalPrefix('api');
          app.use('/api/files', express.raw({ type: '*/*' }));
        },
      },
    ],
  ])('a body parser %s', async (_, types, options) => {
    const warnings = await warningsOf({ upload, ...options });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^\/files: A body parser .* Narrow its "type"/);
    expect(warnings[0]).toContain(types);
    expect(warnings[0]?.includes('multipart')).toBe(types.includes('multipart'));
  });

  it('a requestTimeout that cuts chunks', async () => {
    const timeout = (ms: number): HostOptions => ({
      upload,
      prepare: (app) => void (app.getHttpServer().requestTimeout = ms),
    });
    expect(await warningsOf(timeout(300_000))).toEqual([
      expect.stringMatching(/^\/files: .* after 300 s.*getHttpServer\(\)\.requestTimeout = 0/),
    ]);
    expect(await warningsOf(timeout(3_600_000))).toEqual([]);
    // Nobody can send a chunk to a type without routes.
    const routeless = { upload: { ...upload, controller: false as const } };
    expect(await warningsOf({ ...timeout(300_000), ...routeless })).toEqual([]);
  });

  const every = ['content-range', 'tus', 'filepond', 'resumable-http'] as const;
  const lists = (without: Partial<Record<keyof typeof CHUNKED_UPLOAD_CORS, string[]>>) => {
    const { methods, allowedHeaders, exposedHeaders } = CHUNKED_UPLOAD_CORS;
    return {
      methods: methods.filter((name) => !without.methods?.includes(name)),
      allowedHeaders: allowedHeaders.filter((name) => !without.allowedHeaders?.includes(name)),
      exposedHeaders: exposedHeaders.filter((name) => !without.exposedHeaders?.includes(name)),
    };
  };
  const interop = 'Upload-Draft-Interop-Version';

  it.each<[string, string, string, HostOptions]>([
    [
      'of Nest',
      'tus, filepond',
      'exposedHeaders Location, Upload-Offset, Upload-Length, Tus-Resumable',
      { nest: { cors: true } },
    ],
    [
      'of Nest for a list of origins',
      'filepond',
      'exposedHeaders Upload-Offset',
      {
        nest: { cors: { origin: ['https://a.example', 'https://b.example'] } },
        upload: { ...upload, protocols: ['filepond'] },
      },
    ],
    [
      'of Fastify',
      'content-range',
      'methods PUT, DELETE',
      {
        platform: 'fastify',
        nest: { cors: true },
        upload: { ...upload, protocols: ['content-range'] },
      },
    ],
    [
      'for GET and POST',
      'content-range, tus, filepond',
      'methods PUT, DELETE, PATCH',
      { nest: { cors: { ...CHUNKED_UPLOAD_CORS, methods: 'GET,POST' } } },
    ],
    [
      'without PUT',
      'content-range',
      'methods PUT',
      { nest: { cors: lists({ methods: ['PUT'] }) } },
    ],
    [
      'without PATCH',
      'tus, filepond',
      'methods PATCH',
      { nest: { cors: lists({ methods: ['PATCH'] }) } },
    ],
    [
      'without DELETE',
      'content-range, tus, filepond',
      'methods DELETE',
      { nest: { cors: lists({ methods: ['DELETE'] }) } },
    ],
    [
      'without the ranges',
      'content-range',
      'allowedHeaders Content-Range',
      { nest: { cors: lists({ allowedHeaders: ['Content-Range'] }) } },
    ],
    [
      'without the headers of tus',
      'tus',
      'allowedHeaders Tus-Resumable, Upload-Metadata; exposedHeaders Location',
      {
        nest: {
          cors: lists({
            allowedHeaders: ['Tus-Resumable', 'Upload-Metadata'],
            exposedHeaders: ['Location'],
          }),
        },
      },
    ],
    [
      'without what FilePond sends over that of tus',
      'filepond',
      'allowedHeaders Upload-Name',
      { nest: { cors: lists({ allowedHeaders: ['Upload-Name'] }) } },
    ],
    [
      'without the headers of the draft',
      'resumable-http',
      `allowedHeaders ${interop}, Upload-Complete; exposedHeaders Upload-Complete`,
      {
        nest: {
          cors: lists({
            allowedHeaders: [interop, 'Upload-Complete'],
            exposedHeaders: ['Upload-Complete'],
          }),
        },
        upload: { ...upload, protocols: every },
      },
    ],
    [
      'with a star that is none, with credentials',
      'content-range',
      'allowedHeaders Content-Range, Content-Type',
      {
        nest: { cors: { ...CHUNKED_UPLOAD_CORS, credentials: true, allowedHeaders: '*' } },
        upload: { ...upload, protocols: ['content-range'] },
      },
    ],
  ])('CORS %s', async (_, protocols, missing, options) => {
    expect(await warningsOf({ upload, ...options })).toEqual([
      '/files: Pages of other origins are let in, but CORS does not allow them all that they need ' +
        `for ${protocols}. Missing: ${missing}. ` +
        'Call app.enableCors({ …, ...CHUNKED_UPLOAD_CORS }).',
    ]);
  });

  it('nothing that is set right after listen', async () => {
    const logger = new Recorder();
    const host = await startHost({ nest: { logger } });
    host.app.getHttpServer().requestTimeout = 0;
    await host.close();
    expect(logger.warnings).toEqual([]);
  });

  it('an upload folder that cannot be written', async () => {
    // Below a file there is no folder, for nobody.
    const root = join(fileURLToPath(import.meta.url), 'media');
    const storage = new LocalDiskStorage({ root });
    const [warning, ...others] = await warningsOf({ upload: { ...upload, storage } });
    expect(warning).toMatch(/^\/files: The folder .*media cannot be written \(ENOTDIR.*"root"\.$/);
    expect(warning).toContain(root);
    expect(others).toEqual([]);
  });

  it('a bucket that is not there, and a client whose sums many stores refuse', async () => {
    const double = await S3Double.start({ buckets: ['uploads'] });
    const { endpoint, region, credentials } = double;
    const connection = { endpoint, region, credentials, forcePathStyle: true };
    const missing = new S3Storage({ bucket: 'none', ...connection });
    const odd = new S3Storage({ bucket: 'uploads', client: new S3Client(connection) });
    const well = new S3Storage({ bucket: 'uploads', ...connection });
    try {
      expect(await warningsOf({ upload: { ...upload, storage: missing } })).toEqual([
        expect.stringMatching(/^\/files: The bucket "none" cannot be used \(.*404.*Create it, or/),
      ]);
      expect(await warningsOf({ upload: { ...upload, storage: odd } })).toEqual([
        expect.stringMatching(/^\/files: The S3Client has .*; make it "WHEN_REQUIRED"\.?$/),
      ]);
      expect(await warningsOf({ upload: { ...upload, storage: well } })).toEqual([]);
    } finally {
      await double.close();
    }
  });

  it('a storage that keeps bytes less safely than promised', async () => {
    const storage = Object.assign(new MemoryStorage(), { check: async () => 'It forgets.' });
    expect(await warningsOf({ upload: { ...upload, storage } })).toEqual(['/files: It forgets.']);
  });

  it('a database without the table, by type', async () => {
    const types = [{ path: 'videos', entity: Video }];
    const warnings = await warningsOf({ upload, types, database: { synchronize: false } });
    expect(warnings.toSorted()).toEqual([
      expect.stringMatching(/^\/files: The table "chunked_upload" is missing\. .*chunkedUploadMi/),
      expect.stringMatching(/^\/videos: .*createUploadTable\(queryRunner, Video\)/),
    ]);
  });

  it('a table that lacks columns', async () => {
    const types = [{ path: 'videos', entity: Video }];
    const older = {
      provide: 'OLDER',
      inject: [DataSource],
      useFactory: async (dataSource: DataSource) => {
        await dataSource.query('ALTER TABLE chunked_upload DROP COLUMN mime_type');
        await dataSource.query('ALTER TABLE video DROP COLUMN genre, DROP COLUMN total');
        return true;
      },
    };
    const warnings = await warningsOf({ upload, types, providers: [older] });
    expect(warnings.toSorted()).toEqual([
      expect.stringMatching(/^\/files: .* lacks the columns "mime_type"\. .*chunkedUploadMigrat/),
      expect.stringMatching(/^\/videos: .* lacks the columns ("total", "genre"|"genre", "total")/),
    ]);
  });

  it.each([
    [
      'attempt',
      /: .* "attempt"\. Call updateUploadTable\(queryRunner, Video\) in a migration, and/,
    ],
    [
      'attempt, genre',
      /Call updateUploadTable\(queryRunner, Video\) .*, add "genre" there, and run/,
    ],
    ['genre', /lacks the columns "genre"\. Add them in a migration of Video, and run it\.$/],
  ])("a table of an earlier version, of the host's own entity: %s", async (columns, expected) => {
    const drops = columns.split(', ').map((column) => `DROP COLUMN ${column}`);
    const older = {
      provide: 'OLDER',
      inject: [DataSource],
      useFactory: async (dataSource: DataSource) => {
        await dataSource.query(`ALTER TABLE video ${drops.join(', ')}`);
        return true;
      },
    };
    const types = [{ path: 'videos', entity: Video }];
    expect(await warningsOf({ upload, types, providers: [older] })).toEqual([
      expect.stringMatching(expected),
    ]);
  });

  it('owners to whom anybody may attach', async () => {
    const imports = [TypeOrmModule.forFeature([Person])];
    const owners = { person: Person, boss: { entity: Person, canAttach: () => true } };
    expect(await warningsOf({ imports, upload: { ...upload, owners } })).toEqual([
      expect.stringMatching(/^\/files: Anybody may attach files to any "person"\. .*"canAttach"/),
    ]);
  });

  it.each([{ poolSize: 1 }, { extra: { max: 1 } }])('a pool of one: %o', async (database) => {
    expect(await warningsOf({ upload, database })).toEqual([
      expect.stringMatching(/^\/files: The database pool has one connection.*"poolSize"/),
    ]);
  });

  it('what several types have in common once', async () => {
    const types = [{ path: 'videos', entity: Video }];
    expect(await warningsOf({ upload, types, database: { poolSize: 1 } })).toEqual([
      expect.stringMatching(/^\/files, \/videos: The database pool/),
    ]);
  });
});

describe('The start-up check', () => {
  it('stops nobody: the application serves while a check hangs, and says nothing of it', async () => {
    class HangingStorage extends MemoryStorage {
      override check(): Promise<void> {
        return new Promise(() => undefined);
      }
    }
    const logger = new Recorder();
    const host = await startHost({
      upload: { storage: new HangingStorage() },
      nest: { logger },
      prepare: (app) => void (app.getHttpServer().requestTimeout = 0),
    });
    try {
      const { offset } = await new UploadClient(`${host.url}/uploads`).file(sample(10));
      expect(offset).toBe(10);
    } finally {
      await host.close();
    }
    expect(logger.warnings).toEqual([]);
  });

  it('says nothing of a database that is away', async () => {
    const database = await createDatabase();
    const proxy = await TcpProxy.to(database.url);
    const logger = new Recorder();
    const host = await startHost({
      database: { url: proxy.url },
      nest: { logger },
      prepare: (app) => {
        app.getHttpServer().requestTimeout = 0;
        void proxy.cut();
      },
    });
    await host.close();
    await database.drop();
    expect(logger.warnings).toEqual([]);
  });

  it('leaves nothing behind, and is not seen by guards', async () => {
    const seen: string[] = [];
    let guarded = 0;
    const counting = { canActivate: () => (guarded += 1) > 0 };
    const host = await startHost({
      providers: [{ provide: APP_GUARD, useValue: counting }],
      prepare: (app) =>
        app.use((request: express.Request, response: express.Response, next: () => void) => {
          response.on('finish', () => seen.push(`${request.method} ${response.statusCode}`));
          next();
        }),
    });
    try {
      await until('all probes are answered', () => seen.length === 4);
      expect(seen.toSorted()).toEqual(['HEAD 404', 'OPTIONS 404', 'PUT 404', 'PUT 404']);
      expect(guarded).toBe(0);
      const rows: unknown = await host.dataSource.query('SELECT 1 FROM chunked_upload');
      expect(rows).toEqual([]);
    } finally {
      await host.close();
    }
  });

  it('does not run in an application without a server', async () => {
    const logger = new Recorder();
    const database = await createDatabase();
    @Module({
      imports: [
        TypeOrmModule.forRoot({
          type: 'postgres',
          url: database.url,
          autoLoadEntities: true,
          poolSize: 1,
        }),
        ChunkedUploadModule.forRoot({ storage: new MemoryStorage() }),
      ],
    })
    class WorkerModule {}
    const app = await NestFactory.createApplicationContext(WorkerModule, { logger });
    await app.close();
    await database.drop();
    expect(logger.warnings).toEqual([]);
  });
});
