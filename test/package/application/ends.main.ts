// A host that does its work and closes its application. From then on nothing keeps its process; if
// something does, it says what, and ends with an exit code of its own.
import 'reflect-metadata';
import type { INestApplication, INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { useHttp } from './use-http.js';
import { cleanUp, useService } from './use-service.js';

const LONGEST_MS = 5000;
const OPTIONS = { logger: ['error' as const] };

const HOSTS: Record<string, () => Promise<INestApplicationContext>> = {
  context: async () => {
    const app = await NestFactory.createApplicationContext(AppModule, OPTIONS);
    await useService(app);
    return app;
  },
  express: async () => served(await NestFactory.create(AppModule, OPTIONS)),
  fastify: async () => served(await NestFactory.create(AppModule, new FastifyAdapter(), OPTIONS)),
};

async function served(app: INestApplication): Promise<INestApplication> {
  await app.listen(0, '127.0.0.1');
  await useHttp(`${await app.getUrl()}/uploads`);
  return app;
}

async function main(kind: string): Promise<void> {
  const app = await HOSTS[kind]?.();
  if (!app) throw new Error(`Nobody knows the host "${kind}"`);
  await cleanUp(app);
  await app.close();
  const closedAt = performance.now();
  const kept = () => process.getActiveResourcesInfo().join(', ');
  console.log(`closed; still there: ${kept()}`);
  process.once('exit', () => console.log(`ended after ${performance.now() - closedAt} ms`));
  setTimeout(() => {
    console.log(`kept by: ${kept()}`);
    process.exit(9);
  }, LONGEST_MS).unref();
}

void main(process.argv[2] ?? '');
