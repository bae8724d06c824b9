import type {
  DynamicModule,
  InjectionToken,
  OptionalFactoryDependency,
  Type,
} from '@nestjs/common';
import { Module } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { AbstractChunkedUpload } from './chunked-upload.entity.js';
import type { ChunkedUploadExtras, ChunkedUploadTypeOptions } from './chunked-upload.options.js';
import { ChunkedUploadRepository } from './database/chunked-upload.repository.js';
import { OwnedUploadRepository } from './database/owned-upload.repository.js';
import { LeaseRepository } from './database/lease.repository.js';
import { UploadTable } from './database/upload-table.js';
import { UploadEngine } from './engine/upload-engine.js';
import { ChunkedUploadService } from './chunked-upload.service.js';
import { UPLOAD_SERVICE, UPLOAD_TYPE, getChunkedUploadToken } from './chunked-upload.tokens.js';
import { createUploadController } from './protocols/content-range/upload-controller.factory.js';
import { draftUploadType } from './upload-type.factory.js';
import { resolveUploadType } from './upload-type.resolver.js';
import { OwnedUploads } from './owners/owned-uploads.js';
import { registerUploadType } from './upload-type.registry.js';
import type { UploadType } from './engine/upload-type.js';

/** What of a type must be known while modules are put together. */
export interface UploadTypeEarly extends ChunkedUploadExtras {
  readonly path: string;
  readonly entity: Type<AbstractChunkedUpload>;
}

/** Where the rest of a type's options comes from. */
export interface LateOptions {
  readonly inject: (InjectionToken | OptionalFactoryDependency)[];
  readonly useFactory: (
    ...dependencies: never[]
  ) => ChunkedUploadTypeOptions | Promise<ChunkedUploadTypeOptions>;
}

const OPTIONS = Symbol('UPLOAD_TYPE_OPTIONS');
const PARTS = Symbol('UPLOAD_TYPE_PARTS');

/** One upload type: a table, a service and a controller, in a module of its own. */
@Module({})
export class UploadTypeModule {}

export function uploadTypeModule(early: UploadTypeEarly, late: LateOptions): DynamicModule {
  const { path, entity, controller, dataSource, imports = [] } = early;
  const token = getChunkedUploadToken(entity);
  const controllers = controller === false ? [] : [createUploadController(path, controller)];
  return {
    module: UploadTypeModule,
    imports: [...imports, TypeOrmModule.forFeature([entity], dataSource)],
    controllers,
    providers: [
      { provide: OPTIONS, ...late },
      {
        provide: UPLOAD_TYPE,
        inject: [OPTIONS, getDataSourceToken(dataSource), ModuleRef, ModulesContainer],
        useFactory: (
          options: ChunkedUploadTypeOptions,
          source: DataSource,
          moduleRef: ModuleRef,
          application: ModulesContainer,
        ) => {
          registerUploadType(application, path, entity);
          return resolveUploadType(draftUploadType(path, options), entity, source, moduleRef);
        },
      },
      {
        provide: PARTS,
        inject: [UPLOAD_TYPE, getDataSourceToken(dataSource)],
        useFactory: (type: UploadType, source: DataSource) => createParts(type, source, entity),
      },
      {
        provide: token,
        inject: [PARTS],
        useFactory: (parts: UploadTypeParts) => new ChunkedUploadService(parts.engine, parts.owned),
      },
      // By itself, since Nest asks providers what they do at the start and at the end.
      {
        provide: OwnedUploads,
        inject: [PARTS],
        useFactory: ({ owned }: UploadTypeParts) => owned,
      },
      { provide: UPLOAD_SERVICE, useExisting: token },
    ],
    exports: [token],
  };
}

interface UploadTypeParts {
  readonly engine: UploadEngine<AbstractChunkedUpload>;
  readonly owned: OwnedUploads<AbstractChunkedUpload>;
}

function createParts(
  type: UploadType,
  dataSource: DataSource,
  entity: Type<AbstractChunkedUpload>,
): UploadTypeParts {
  const expiry = { ms: type.expiresInMs, rolling: type.rollingExpiry };
  const table = new UploadTable(dataSource, entity);
  const repository = new ChunkedUploadRepository(table, expiry);
  const leases = new LeaseRepository(table, type.leaseMs, expiry);
  const engine = new UploadEngine(type, repository, leases);
  const owned = new OwnedUploads(engine, new OwnedUploadRepository(table), dataSource);
  return { engine, owned };
}
