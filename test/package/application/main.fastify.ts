import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';

async function bootstrap(): Promise<void> {
  const adapter = new FastifyAdapter({ routerOptions: { ignoreTrailingSlash: true } });
  const options = { logger: ['error' as const], forceCloseConnections: true };
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter, options);
  await app.listen(0, '127.0.0.1');
  console.log(await app.getUrl());
}
void bootstrap();
