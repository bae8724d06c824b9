// In Jest or vitest, whose globals are not among our types.
import 'reflect-metadata';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AppModule } from './app.module.js';
import { useHttp } from './use-http.js';
import { cleanUp, useService } from './use-service.js';

declare const test: (name: string, work: () => Promise<void>) => void;

for (const platform of ['Express', 'Fastify']) {
  test(`a host on ${platform} serves uploads and is closed`, async () => {
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const app =
      platform === 'Fastify'
        ? module.createNestApplication(new FastifyAdapter())
        : module.createNestApplication();
    await app.listen(0, '127.0.0.1');
    await useHttp(`${await app.getUrl()}/uploads`);
    await cleanUp(app);
    await app.close();
  });
}

test('a module without a server is used and closed', async () => {
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  await module.init();
  await useService(module);
  await cleanUp(module);
  await module.close();
});
