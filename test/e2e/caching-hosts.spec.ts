import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { expect, it } from 'vitest';
import { withHost } from '../support/host.js';
import { UploadClient, sample } from '../support/upload-client.js';

const file = sample(300);

// "Auto-caching responses" of Nest's documentation: it knows answers by their URL alone.
it.each(['express', 'fastify'] as const)(
  'A cache of the host keeps no upload: %s',
  async (platform) => {
    const host = {
      platform,
      imports: [CacheModule.register({ isGlobal: true })],
      providers: [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }],
      upload: { admin: { path: 'admin/uploads', guards: [{ canActivate: () => true }] } },
    };
    await withHost(host, async ({ url }) => {
      const ann = new UploadClient(`${url}/uploads`);
      const bob = ann.as('bob');
      const admin = new UploadClient(`${url}/admin/uploads`);
      const administered = async () => (await admin.get('api/uploads')).body;
      const { id } = await ann.begin(file.subarray(0, 100), 300);
      expect(await ann.list()).toHaveLength(1);
      expect(await ann.offset(id)).toBe(100);
      const before = await administered();

      await ann.put('bytes 100-299/300', file.subarray(100), { id });
      expect(await ann.offset(id)).toBe(300);
      expect((await ann.list())[0]).toMatchObject({ offset: 300 });
      expect(await administered()).not.toEqual(before);
      expect(await bob.list()).toEqual([]);
      expect((await bob.get(id)).status).toBe(404);
    });
  },
);
