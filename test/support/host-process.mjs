// A small host application as a process: for settings that the demo does not offer. It answers at
// the demo's path and knows the demo's users, but asks for no password.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  ChunkedUploadModule,
  LocalDiskStorage,
  chunkedUploadMigrations,
} from '../../dist/index.js';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const { PORT, DATA_DIR, DATABASE_URL, HOST_SETTINGS } = process.env;
const { leaseTime = '10s', onCompleteMs, platform, maxBytes = null } = JSON.parse(HOST_SETTINGS);

function userOf({ headers }) {
  const [, encoded] = (headers.authorization ?? '').split(' ');
  return encoded === undefined ? null : Buffer.from(encoded, 'base64').toString().split(':')[0];
}

// Its own row commits with the upload, or not at all.
async function onComplete(upload, { manager }) {
  await manager.query('INSERT INTO completions (upload_id) VALUES ($1)', [upload.id]);
  console.log(`completing ${upload.id}`);
  await sleep(onCompleteMs);
  while (existsSync(`${DATA_DIR}/hold`)) await sleep(20);
  return { completed: upload.id, at: Date.now() };
}

/** A guard of the host, to whom one user is not welcome. */
const UserGuard = class {
  canActivate(context) {
    return userOf(context.switchToHttp().getRequest()) !== 'mallory';
  }
};

const HostModule = class {};
Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: DATABASE_URL,
      autoLoadEntities: true,
      migrations: chunkedUploadMigrations,
      migrationsRun: true,
      connectTimeoutMS: 5000,
    }),
    ChunkedUploadModule.forRoot({
      path: 'uploads/files',
      storage: new LocalDiskStorage({ root: `${DATA_DIR}/media` }),
      user: userOf,
      leaseTime,
      maxBytes,
      ...(onCompleteMs === undefined ? {} : { onComplete }),
    }),
  ],
  providers: [{ provide: APP_GUARD, useClass: UserGuard }],
})(HostModule);

const logger = ['fatal', 'error', 'warn'];
const fastifyOptions = platform === 'http2' ? { http2: true } : {};
const app =
  platform === 'fastify' || platform === 'http2'
    ? await NestFactory.create(HostModule, new FastifyAdapter(fastifyOptions), {
        logger,
        forceCloseConnections: true,
      })
    : await NestFactory.create(HostModule, { logger });
app.getHttpServer().requestTimeout = 0;
// What waits for the end of an idle connection waits longer than anything that is slow.
app.getHttpServer().keepAliveTimeout = 60_000;
app.enableShutdownHooks([], { useProcessExit: true });
await app.listen(Number(PORT));
console.log(`http://localhost:${PORT}`);
