import {
  type CanActivate,
  type ExecutionContext,
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
    await withAsync({ ...options, path: 'files', entity: Video }, async (url) => {
      const answer = await new UploadClient(`${url}/files`).put('bytes 0-99/300', first);
      expect(answer).toMatchObject({ status: 400, body: { detail: limited } });
    });
  });

  it('lends its imports to the controller', async () => {
    const options = { imports: [SettingsModule], controller: VideoController };
    await withAsync({ ...options, useFactory: () => ({}) }, async (url) => {
      const client = new UploadClient(`${url}/uploads`);
      expect((await client.send('GET', {})).status).toBe(403);
      expect((await client.send('GET', { headers: { 'x-limit': '200' } })).status).toBe(200);
    });
  });

  it('stops the start for what stands beside the factory and is no early option', async () => {
    const options = { useFactory: () => ({}), maxBytes: 5 } as unknown as Async;
    await expect(withAsync(options, async () => undefined)).rejects.toThrow('option "maxBytes"');
  });

  it('stops the start for an early option that only the factory knows', async () => {
    const options = { useFactory: () => ({ path: 'late' }) } as unknown as Async;
    await expect(withAsync(options, async () => undefined)).rejects.toThrow('option "path"');
  });
});

async function withAsync(options: Async, work: (url: string) => Promise<void>): Promise<void> {
  const database = await createDatabase();
  try {
    const source = { type: 'postgres', url: database.url, retryAttempts: 0 } as const;
    @Module({
      imports: [
        TypeOrmModule.forRoot({ ...source, autoLoadEntities: true, synchronize: true }),
        ChunkedUploadModule.forRootAsync(options),
      ],
    })
    class HostModule {}
    const app = await NestFactory.create(HostModule, { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    try {
      await work(await app.getUrl());
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

describe('dataSource', () => {
  it('by name: the table is in that one', async () => {
    const second = await createDatabase();
    try {
      const imports = [
        TypeOrmModule.forRoot({
          name: 'second',
          type: 'postgres',
          url: second.url,
          autoLoadEntities: true,
          synchronize: true,
          retryAttempts: 0,
        }),
      ];
      await withHost({ imports, upload: { dataSource: 'second' } }, async (host) => {
        const { id } = await new UploadClient(`${host.url}/uploads`).file(file);
        const named = host.app.get<DataSource>(getDataSourceToken('second'));
        expect(await named.getRepository(ChunkedUpload).find()).toMatchObject([
          { id, checksum: md5(file) },
        ]);
        expect(await host.dataSource.getRepository(ChunkedUpload).count()).toBe(0);
      });
    } finally {
      await second.drop();
    }
  });

  it('without the entity stops the start by a sentence', async () => {
    const database = { autoLoadEntities: false } as object;
    await expect(withHost({ database }, async () => undefined)).rejects.toThrow(/option "entity"/);
  });
});
