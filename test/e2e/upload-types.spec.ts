import { Injectable, Module } from '@nestjs/common';
import {
  AbstractChunkedUpload,
  ChunkedUpload,
  ChunkedUploadModule,
  ChunkedUploadService,
  InjectChunkedUpload,
} from 'nestjs-chunked-upload';
import { MemoryStorage } from 'nestjs-chunked-upload/testing';
import { Column, Entity } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { withHost } from '../support/host.js';
import { UploadClient, sample } from '../support/upload-client.js';

@Entity()
class Video extends AbstractChunkedUpload {
  @Column('text', { default: 'untitled' })
  title!: string;
}

@Entity()
class Note extends AbstractChunkedUpload {}

const file = sample(300);
const first = file.subarray(0, 100);
const limited = 'Size of file exceeds the limit (200 bytes)';

@Injectable()
class Settings {
  readonly maxBytes = 200;
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

describe('forFeature', () => {
  it('gives a type a table of its own, with columns of its own', async () => {
    await withHost({ types: [{ path: 'videos', entity: Video }] }, async (host) => {
      const videos = new UploadClient(`${host.url}/videos`);
      const { id } = await videos.file(file);
      const rows: unknown = await host.dataSource.getRepository(Video).find();
      expect(rows).toMatchObject([{ id, title: 'untitled', offset: 300 }]);
      expect(await host.dataSource.getRepository(ChunkedUpload).count()).toBe(0);
      expect((await new UploadClient(`${host.url}/uploads`).get(id)).status).toBe(404);
    });
  });

  it('inherits what it leaves out', async () => {
    const storage = new MemoryStorage();
    const upload = { storage, maxBytes: 200, fieldName: 'media', checksum: 'sha256' } as const;
    const types = [
      { path: 'videos', entity: Video },
      { path: 'notes', entity: Note, maxBytes: 150, fieldName: undefined as never },
    ];
    await withHost({ upload, types }, async (host) => {
      const videos = new UploadClient(`${host.url}/videos`);
      expect((await videos.put('bytes 0-99/300', first)).detail).toBe(limited);
      const form = { part: 'media' };
      const { id } = await videos.begin(first, 100, { form });
      expect((await videos.complete(id, 'x')).detail).toMatch(
        /^Both 'id' and 'sha256' are required/,
      );
      const notes = new UploadClient(`${host.url}/notes`);
      const answer = await notes.put('bytes 0-99/200', first, { form });
      expect(answer.detail).toBe('Size of file exceeds the limit (150 bytes)');
    });
  });

  it('but for onComplete, path, entity and controller', async () => {
    const upload = { onComplete: () => ({ root: true }), controller: false } as const;
    await withHost({ upload, types: [{ path: 'videos', entity: Video }] }, async (host) => {
      const videos = new UploadClient(`${host.url}/videos`);
      expect((await videos.file(file)).url).toContain('/videos/');
    });
  });

  it('takes the rest of a type from a factory', async () => {
    const types = [
      {
        path: 'videos',
        entity: Video,
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: async (settings: Settings) => ({ maxBytes: settings.maxBytes }),
      },
    ];
    await withHost({ types }, async (host) => {
      const answer = await new UploadClient(`${host.url}/videos`).put('bytes 0-99/300', first);
      expect(answer.detail).toBe(limited);
    });
  });

  it('stops the start where one path lies below another, and where forRoot is there twice', async () => {
    const below = [{ path: 'uploads/videos', entity: Video }];
    const nested = withHost({ types: below }, async () => undefined);
    await expect(nested).rejects.toThrow('"uploads/videos" and "uploads"');
    const imports = [ChunkedUploadModule.forRoot({ path: 'other', entity: Video })];
    const twice = withHost({ imports }, async () => undefined);
    await expect(twice).rejects.toThrow('forRoot is there twice');
  });

  it('stops the start without an entity, and for an unknown key beside a factory', async () => {
    const noEntity = [{ path: 'videos' }] as never;
    await expect(withHost({ types: noEntity }, async () => undefined)).rejects.toThrow('"entity"');
    const types = [{ path: 'v', entity: Video, maxBytes: 5, useFactory: () => ({}) }] as never;
    await expect(withHost({ types }, async () => undefined)).rejects.toThrow('"maxBytes"');
  });

  it('its service is injected by @InjectChunkedUpload, that of forRoot by its class', async () => {
    @Injectable()
    class Consumer {
      constructor(
        readonly root: ChunkedUploadService,
        @InjectChunkedUpload(Video) readonly videos: ChunkedUploadService<Video>,
        @InjectChunkedUpload(ChunkedUpload) readonly same: ChunkedUploadService,
      ) {}
    }
    @Module({
      imports: [ChunkedUploadModule.forFeature([{ path: 'videos', entity: Video }])],
      providers: [Consumer],
      exports: [Consumer],
    })
    class VideoModule {}
    await withHost({ imports: [VideoModule] }, async (host) => {
      const consumer = host.app.get(Consumer, { strict: false });
      expect(consumer.same).toBe(consumer.root);
      const fields = { filename: 'a' };
      const video = await consumer.videos.begin({ body: file, fields });
      expect(video).toBeInstanceOf(Video);
      expect(await consumer.root.begin({ body: file, fields })).toBeInstanceOf(ChunkedUpload);
      expect(await host.dataSource.getRepository(Video).count()).toBe(1);
      expect(await host.dataSource.getRepository(ChunkedUpload).count()).toBe(1);
    });
  });
});
