import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  INestApplication,
  ModuleMetadata,
  NestApplicationOptions,
  Type,
} from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { NextFunction, Request, Response } from 'express';
import {
  ChunkedUploadModule,
  type ChunkedUploadOptions,
  ChunkedUploadService,
  LocalDiskStorage,
  type UploadTypeAsyncOptions,
  type UploadTypeOptions,
  chunkedUploadMigrations,
} from 'nestjs-chunked-upload';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { Certificate } from './certificate.js';
import { createDatabase } from './database.js';
import { speakHttp2 } from './http2-fetch.js';

/** What a host runs on: `http2` is Fastify over HTTP/2, without TLS unless it has a certificate. */
export type Platform = 'express' | 'fastify' | 'http2';

export interface HostOptions {
  /** Options of `forRoot`; `storage` defaults to a local disk in a folder of its own. */
  readonly upload?: ChunkedUploadOptions;
  readonly types?: (UploadTypeOptions | UploadTypeAsyncOptions)[];
  readonly imports?: ModuleMetadata['imports'];
  readonly providers?: ModuleMetadata['providers'];
  readonly controllers?: ModuleMetadata['controllers'];
  readonly database?: Partial<DataSourceOptions>;
  /** Of `CREATE DATABASE`: its encoding and the like. */
  readonly databaseOptions?: string;
  /** Nest's own options, `rawBody` and the like. */
  readonly nest?: NestApplicationOptions;
  /** Called before the application listens, on Express. */
  readonly prepare?: (app: NestExpressApplication) => void;
  /** Default: that of the project, see `test/vitest.config.ts`. */
  readonly platform?: Platform;
  /** With it Fastify speaks TLS. */
  readonly certificate?: Certificate;
  readonly fastify?: {
    /** Fastify's own options. */
    readonly adapter?: ConstructorParameters<typeof FastifyAdapter>[0];
    /** Called before the application listens, on Fastify. */
    readonly prepare?: (app: NestFastifyApplication) => unknown;
  };
}

// Other projects run specs of the project `e2e` once more.
const usual = (process.env['HOST_PLATFORM'] ?? 'express') as Platform;

/** A host application in this process, over real HTTP, a database and a folder of its own. */
export interface Host {
  readonly url: string;
  readonly app: INestApplication;
  readonly uploads: ChunkedUploadService;
  readonly dataSource: DataSource;
  /** Folder of the local disk storage. */
  readonly root: string;
  close(): Promise<void>;
}

/** Callers name themselves in the header `x-user`; the tables are made by `synchronize`. */
export async function startHost(options: HostOptions = {}): Promise<Host> {
  const database = await createDatabase(options.databaseOptions);
  const root = await mkdtemp(join(tmpdir(), 'chunked-upload-'));
  const removeAll = async (): Promise<void> => {
    await database.drop();
    await rm(root, { recursive: true, force: true });
  };
  try {
    const host = await startIn(root, database.url, options);
    const close = async (): Promise<void> => {
      await host.close();
      await removeAll();
    };
    return { ...host, close };
  } catch (error) {
    await removeAll();
    throw error;
  }
}

/** Another application over the database and the folder of `host`, as a second process would be. */
export async function startBeside(
  { root, dataSource }: Host,
  options: HostOptions = {},
): Promise<Host> {
  return startIn(root, (dataSource.options as { url?: string }).url ?? '', options);
}

async function startIn(root: string, databaseUrl: string, options: HostOptions): Promise<Host> {
  @Module({
    imports: [
      TypeOrmModule.forRoot({
        type: 'postgres',
        url: databaseUrl,
        autoLoadEntities: true,
        synchronize: true,
        retryAttempts: 0,
        ...(options.database as object),
      }),
      ChunkedUploadModule.forRoot({ storage: new LocalDiskStorage({ root }), ...options.upload }),
      ChunkedUploadModule.forFeature(options.types ?? []),
      ...(options.imports ?? []),
    ],
    providers: options.providers ?? [],
    controllers: options.controllers ?? [],
  })
  class HostModule {}

  const { platform = usual, certificate } = options;
  const app = await (platform === 'express'
    ? createOnExpress(HostModule, options)
    : createOnFastify(HostModule, options, platform === 'http2'));
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `${certificate ? 'https' : 'http'}://127.0.0.1:${port}`;
  const hangUp = platform === 'http2' ? speakHttp2(url, certificate?.cert) : () => undefined;
  const withRoot = options.upload?.path !== false;
  return {
    url,
    app,
    uploads: withRoot ? app.get(ChunkedUploadService, { strict: false }) : (null as never),
    dataSource: app.get(DataSource),
    root,
    close: async () => {
      hangUp();
      await app.close();
    },
  };
}

const quiet: NestApplicationOptions = { logger: false, abortOnError: false };

async function createOnExpress(module: Type, { nest, prepare }: HostOptions) {
  const app = await NestFactory.create<NestExpressApplication>(module, { ...quiet, ...nest });
  app.use((request: Request & { user?: unknown }, _: Response, next: NextFunction) => {
    const id = request.headers['x-user'];
    if (id !== undefined) request.user = { id };
    next();
  });
  prepare?.(app);
  return app;
}

async function createOnFastify(
  module: Type,
  { nest, fastify = {}, certificate }: HostOptions,
  http2: boolean,
) {
  // Fastify answers longer parameters itself: ids of the specs that are to reach us are longer.
  const router = { routerOptions: { ignoreTrailingSlash: true, maxParamLength: 5000 } };
  const version = { ...(http2 ? { http2 } : {}), ...(certificate ? { https: certificate } : {}) };
  const adapter = new FastifyAdapter({ ...router, ...version, ...fastify.adapter } as object);
  const options = { ...quiet, forceCloseConnections: true, ...nest };
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, options);
  const instance = app.getHttpAdapter().getInstance();
  instance.addHook('onRequest', (request, _, done) => {
    const id = request.headers['x-user'];
    if (id !== undefined) Object.assign(request, { user: { id } });
    done();
  });
  await fastify.prepare?.(app);
  return app;
}

/** A host for the time of `work`. */
export async function withHost(
  options: HostOptions,
  work: (host: Host) => Promise<void>,
): Promise<void> {
  const host = await startHost(options);
  try {
    await work(host);
  } finally {
    await host.close();
  }
}

/** `chunkedUploadMigrations` in place of `synchronize`. */
export const withMigrations: HostOptions['database'] = {
  synchronize: false,
  migrations: chunkedUploadMigrations,
  migrationsRun: true,
};
