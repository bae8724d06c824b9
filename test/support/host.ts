import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModuleMetadata, NestApplicationOptions } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
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
import { createDatabase } from './database.js';

export interface HostOptions {
  /** Options of `forRoot`; `storage` defaults to a local disk in a folder of its own. */
  readonly upload?: ChunkedUploadOptions;
  readonly types?: (UploadTypeOptions | UploadTypeAsyncOptions)[];
  readonly imports?: ModuleMetadata['imports'];
  readonly providers?: ModuleMetadata['providers'];
  readonly controllers?: ModuleMetadata['controllers'];
  readonly database?: Partial<DataSourceOptions>;
  /** Nest's own options, `rawBody` and the like. */
  readonly nest?: NestApplicationOptions;
  /** Called before the application listens. */
  readonly prepare?: (app: NestExpressApplication) => void;
}

/** A host application in this process, over real HTTP, a database and a folder of its own. */
export interface Host {
  readonly url: string;
  readonly app: NestExpressApplication;
  readonly uploads: ChunkedUploadService;
  readonly dataSource: DataSource;
  /** Folder of the local disk storage. */
  readonly root: string;
  close(): Promise<void>;
}

/** Callers name themselves in the header `x-user`; the tables are made by `synchronize`. */
export async function startHost(options: HostOptions = {}): Promise<Host> {
  const database = await createDatabase();
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

  const app = await NestFactory.create<NestExpressApplication>(HostModule, {
    logger: false,
    abortOnError: false,
    ...options.nest,
  });
  app.use((request: Request & { user?: unknown }, _: Response, next: NextFunction) => {
    const id = request.headers['x-user'];
    if (id !== undefined) request.user = { id };
    next();
  });
  options.prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const withRoot = options.upload?.path !== false;
  return {
    url: `http://127.0.0.1:${port}`,
    app,
    uploads: withRoot ? app.get(ChunkedUploadService, { strict: false }) : (null as never),
    dataSource: app.get(DataSource),
    root,
    close: () => app.close(),
  };
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
