import {
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  type INestApplication,
  type ModuleMetadata,
  type Type,
  Controller,
  Get,
  Injectable,
  Module,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import type { ChunkedUploadTypeOptions, UploadRepresentation } from 'nestjs-chunked-upload';
import {
  AbstractChunkedUpload,
  ChunkedUpload,
  ChunkedUploadController,
  ChunkedUploadModule,
  InjectChunkedUpload,
} from 'nestjs-chunked-upload';
import { type DataSource, Entity } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { createDatabase } from '../support/database.js';
import { withHost } from '../support/host.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

@Entity()
class Video extends AbstractChunkedUpload {}

const file = sample(300);
const first = file.subarray(0, 100);
const limited = 'Size of file exceeds the limit (200 bytes)';

@Injectable()
class Settings {
  readonly maxBytes = 200;

  createChunkedUploadOptions(): ChunkedUploadTypeOptions {
    return { maxBytes: this.maxBytes };
  }

  create(): ChunkedUploadTypeOptions {
    return this.createChunkedUploadOptions();
  }
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Injectable()
class TokenGuard implements CanActivate {
  constructor(private readonly settings: Settings) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    return headers['x-limit'] === String(this.settings.maxBytes);
  }
}

@UseGuards(TokenGuard)
class VideoController extends ChunkedUploadController {
  protected override user(): string {
    return 'always-me';
  }

  protected override represent(upload: AbstractChunkedUpload, url: string): UploadRepresentation {
    return { ...super.represent(upload, url), filename: `Video ${upload.filename}` };
  }

  @Get('extra')
  extra(): string {
    return 'a route of the host';
  }
}

@Entity()
class Note extends AbstractChunkedUpload {}

@Entity()
class EarlyVideo extends AbstractChunkedUpload {}

// Evaluated before any forRoot, as a feature's file is before that of the root module.
@Module({
  imports: [ChunkedUploadModule.forFeature([{ path: 'early', entity: EarlyVideo }])],
})
class EarlyModule {}

@Module({})
class OtherModule {}

@Module({ providers: [{ provide: Settings, useValue: { maxBytes: 150 } }], exports: [Settings] })
class StricterModule {}

type ModuleImports = NonNullable<ModuleMetadata['imports']>;

type Async = Parameters<typeof ChunkedUploadModule.forRootAsync>[0];

describe('forRootAsync', () => {
  const ways: [string, Async][] = [
    [
      'useFactory',
      {
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: async (settings: Settings) => ({ maxBytes: settings.maxBytes }),
      },
    ],
    ['useClass', { useClass: Settings }],
    ['useExisting', { imports: [SettingsModule], useExisting: Settings }],
  ];

  it.each(ways)('takes its options by %s', async (_, options) => {
    await withAsync({ ...options, path: 'files', entity: Video }, [], async (url) => {
      const answer = await new UploadClient(`${url}/files`).put('bytes 0-99/300', first);
      expect(answer).toMatchObject({ status: 400, body: { detail: limited } });
    });
  });

  it('lends its imports to the controller', async () => {
    const options = { imports: [SettingsModule], controller: VideoController };
    await withAsync({ ...options, useFactory: () => ({}) }, [], async (url) => {
      const client = new UploadClient(`${url}/uploads`);
      expect((await client.send('GET', {})).status).toBe(403);
      expect((await client.send('GET', { headers: { 'x-limit': '200' } })).status).toBe(200);
    });
  });

  it('stops the start for what stands beside the factory and is no early option', async () => {
    const options = { useFactory: () => ({}), maxBytes: 5 } as unknown as Async;
    await expect(withAsync(options, [], async () => undefined)).rejects.toThrow(
      'option "maxBytes" must be returned by the factory, not stand beside it',
    );
  });

  it('stops the start for a factory that returns nothing', async () => {
    const options = { useFactory: () => undefined } as unknown as Async;
    await expect(withAsync(options, [], async () => undefined)).rejects.toThrow(
      'takes a factory that returns an object of options, such as { expiresIn: "2d" }',
    );
  });

  it('stops the start for an early option that only the factory knows', async () => {
    const options = { useFactory: () => ({ path: 'late' }) } as unknown as Async;
    await expect(withAsync(options, [], async () => undefined)).rejects.toThrow('option "path"');
  });
});

async function withAsync(
  options: Async,
  imports: ModuleImports,
  work: (url: string, app: INestApplication) => Promise<void>,
): Promise<void> {
  const database = await createDatabase();
  try {
    const source = { type: 'postgres', url: database.url, retryAttempts: 0 } as const;
    @Module({
      imports: [
        TypeOrmModule.forRoot({ ...source, autoLoadEntities: true, synchronize: true }),
        ...imports,
        ChunkedUploadModule.forRootAsync(options),
      ],
    })
    class HostModule {}
    const app = await NestFactory.create(HostModule, { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    try {
      await work(await app.getUrl(), app);
    } finally {
      await app.close();
    }
  } finally {
    await database.drop();
  }
}

describe('controller', () => {
  it('of the host: its guards run with its imports, its steps count', async () => {
    const upload = { controller: VideoController, imports: [SettingsModule] };
    await withHost({ upload }, async (host) => {
      const client = new UploadClient(`${host.url}/uploads`);
      expect((await client.put('bytes 0-99/300', first)).status).toBe(403);
      expect((await client.send('GET', {})).status).toBe(403);
      const headers = { 'x-limit': '200' };
      const begun = await client.begin(first, 300, { headers });
      expect(begun).toMatchObject({ creator: 'always-me', filename: 'Video file.bin' });
      expect((await client.get(begun.id, { headers })).body).toEqual(begun);
    });
  });

  it('of the host serves two types', async () => {
    const upload = { controller: VideoController, imports: [SettingsModule] };
    const types = [{ path: 'videos', entity: Video, ...upload }];
    await withHost({ upload, types }, async (host) => {
      for (const path of ['uploads', 'videos']) {
        const client = new UploadClient(`${host.url}/${path}`);
        const { url } = await client.begin(first, 300, { headers: { 'x-limit': '200' } });
        expect(url).toContain(`/${path}/`);
      }
    });
  });

  it('false: no routes, the service alone', async () => {
    await withHost({ upload: { controller: false } }, async (host) => {
      expect((await new UploadClient(`${host.url}/uploads`).send('GET', {})).status).toBe(404);
      const upload = await host.uploads.begin({ body: file, fields: { filename: 'a' } });
      expect(upload.offset).toBe(300);
    });
  });
});

describe('imports', () => {
  it('of forRoot are those of a further type as well, beside its own', async () => {
    const types = [
      { path: 'videos', entity: Video, controller: VideoController },
      { path: 'notes', entity: Note, controller: VideoController, imports: [OtherModule] },
    ];
    await withHost({ upload: { imports: [SettingsModule] }, types }, async (host) => {
      for (const path of ['videos', 'notes']) {
        const client = new UploadClient(`${host.url}/${path}`);
        expect((await client.send('GET', {})).status).toBe(403);
        expect((await client.send('GET', { headers: { 'x-limit': '200' } })).status).toBe(200);
      }
    });
  });

  it('of forRootAsync too', async () => {
    const types = [{ path: 'videos', entity: Video, controller: VideoController }];
    const further = ChunkedUploadModule.forFeature(types);
    const root = { imports: [SettingsModule], inject: [Settings], useFactory: () => ({}) };
    await withAsync(root, [further], async (url) => {
      const client = new UploadClient(`${url}/videos`);
      expect((await client.send('GET', { headers: { 'x-limit': '200' } })).status).toBe(200);
    });
  });

  it('of a further type go before those of forRoot', async () => {
    const types = [
      { path: 'videos', entity: Video, controller: VideoController, imports: [StricterModule] },
    ];
    await withHost({ upload: { imports: [SettingsModule] }, types }, async (host) => {
      const client = new UploadClient(`${host.url}/videos`);
      expect((await client.send('GET', { headers: { 'x-limit': '200' } })).status).toBe(403);
      expect((await client.send('GET', { headers: { 'x-limit': '150' } })).status).toBe(200);
    });
  });
});

describe("The host's own routes", () => {
  it('are left alone', async () => {
    @Controller('other')
    class OtherController {
      @Get()
      get(): { ok: boolean } {
        return { ok: true };
      }
    }
    await withHost({ controllers: [OtherController] }, async (host) => {
      const other = new UploadClient(`${host.url}/other`);
      expect((await other.send('GET', {})).body).toEqual({ ok: true });
      const malformed = new UploadClient(`${host.url}/uploads`);
      const headers = { 'content-type': 'application/json' };
      // The host's parser and router keep the host's shape.
      expect((await malformed.send('POST', { headers }, '{')).status).toBe(400);
      expect((await malformed.get('%ZZ')).status).toBe(400);
    });
  });
});

/** A data source by the name of `second`, with a database of its own. */
async function withSecond(work: (second: DynamicModule) => Promise<void>): Promise<void> {
  const database = await createDatabase();
  try {
    await work(
      TypeOrmModule.forRoot({
        name: 'second',
        type: 'postgres',
        url: database.url,
        autoLoadEntities: true,
        synchronize: true,
        retryAttempts: 0,
      }),
    );
  } finally {
    await database.drop();
  }
}

function countOf(app: INestApplication, dataSource: string, entity: Type): Promise<number> {
  return app.get<DataSource>(getDataSourceToken(dataSource)).getRepository(entity).count();
}

describe('dataSource', () => {
  it('by name: the table is in that one', async () => {
    await withSecond(async (second) => {
      await withHost({ imports: [second], upload: { dataSource: 'second' } }, async (host) => {
        const { id } = await new UploadClient(`${host.url}/uploads`).file(file);
        const named = host.app.get<DataSource>(getDataSourceToken('second'));
        expect(await named.getRepository(ChunkedUpload).find()).toMatchObject([
          { id, checksum: md5(file) },
        ]);
        expect(await countOf(host.app, 'default', ChunkedUpload)).toBe(0);
      });
    });
  });

  it('of forRoot is that of a further type, and of one that names its own is not', async () => {
    await withSecond(async (second) => {
      const upload = { dataSource: 'second' };
      const imports = [second, EarlyModule];
      const types = [{ path: 'notes', entity: Note, dataSource: 'default' }];
      await withHost({ imports, upload, types }, async (host) => {
        await new UploadClient(`${host.url}/early`).file(file);
        await new UploadClient(`${host.url}/notes`).file(file);
        expect(await countOf(host.app, 'second', EarlyVideo)).toBe(1);
        expect(await countOf(host.app, 'default', Note)).toBe(1);
      });
    });
  });

  it('of forRootAsync is that of a further type, also where it registers no type', async () => {
    await withSecond(async (second) => {
      for (const path of ['uploads', false] as const) {
        const root = { path, dataSource: 'second', useFactory: () => ({ maxBytes: 200 }) };
        await withAsync({ ...root, imports: [] }, [second, EarlyModule], async (url, app) => {
          const early = new UploadClient(`${url}/early`);
          expect((await early.put('bytes 0-99/300', first)).detail).toBe(limited);
          const before = await countOf(app, 'second', EarlyVideo);
          expect((await early.put('bytes 0-99/200', first)).status).toBe(200);
          expect(await countOf(app, 'second', EarlyVideo)).toBe(before + 1);
        });
      }
    });
  });

  it('of another application before this one does not matter', async () => {
    await withSecond(async (second) => {
      const imports = [second, EarlyModule];
      for (const dataSource of ['second', undefined]) {
        const upload = dataSource === undefined ? {} : { dataSource };
        await withHost({ imports, upload }, async (host) => {
          const before = await countOf(host.app, dataSource ?? 'default', EarlyVideo);
          await new UploadClient(`${host.url}/early`).file(file);
          expect(await countOf(host.app, dataSource ?? 'default', EarlyVideo)).toBe(before + 1);
        });
      }
    });
  });

  it('of another application that is put together before this one starts does not either', async () => {
    await withSecond(async (second) => {
      const types = [{ path: 'notes', entity: Note }];
      const imports = [
        second,
        ChunkedUploadModule.forRoot({ path: false, dataSource: 'second', cleanup: false }),
        ChunkedUploadModule.forFeature(types),
      ];
      @Module({ imports })
      class FirstModule {}
      ChunkedUploadModule.forRoot({ path: false, dataSource: 'third' });
      const app = await NestFactory.create(FirstModule, { logger: false, abortOnError: false });
      await app.init();
      expect(await countOf(app, 'second', Note)).toBe(0);
      await app.close();
    });
  });

  it('that is not there, or lacks the entity of a further type, stops the start', async () => {
    const types = [{ path: 'notes', entity: Note }];
    const upload = { dataSource: 'nowhere', path: false } as const;
    await expect(withHost({ types, upload }, async () => undefined)).rejects.toThrow(/nowhere/);
    const database = { autoLoadEntities: false, entities: [ChunkedUpload] } as object;
    await expect(withHost({ types, database }, async () => undefined)).rejects.toThrow(
      'Note is not an entity of the data source',
    );
  });

  it('without the entity stops the start by a sentence', async () => {
    const database = { autoLoadEntities: false } as object;
    await expect(withHost({ database }, async () => undefined)).rejects.toThrow(/option "entity"/);
  });
});

describe('forFeature', () => {
  it('without forRoot stops the start by a sentence that names it', async () => {
    const database = await createDatabase();
    @Module({
      imports: [
        TypeOrmModule.forRoot({
          type: 'postgres',
          url: database.url,
          autoLoadEntities: true,
          retryAttempts: 0,
        }),
        ChunkedUploadModule.forFeature([{ path: 'videos', entity: Video }]),
      ],
    })
    class HostModule {}
    try {
      const started = NestFactory.create(HostModule, { logger: false, abortOnError: false });
      await expect(started).rejects.toThrow(/of ChunkedUploadModule\.forRoot\) at index \[0\]/);
    } finally {
      await database.drop();
    }
  });
});

describe('InjectChunkedUpload', () => {
  it('of an entity that two files, importing each other, have not got yet says so', () => {
    expect(() => InjectChunkedUpload(undefined as never)).toThrow(
      'InjectChunkedUpload takes the entity of an upload type, not undefined: do two files import each other?',
    );
  });
});
