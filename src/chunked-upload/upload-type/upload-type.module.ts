import type {
  DynamicModule,
  FactoryProvider,
  InjectionToken,
  MiddlewareConsumer,
  NestModule,
  OptionalFactoryDependency,
  Type,
} from '@nestjs/common';
import { Inject, Module } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { adminParts } from '../admin/admin.module.js';
import { registerAdministered } from '../admin/administered-types.js';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { ChunkedUploadExtras, ChunkedUploadTypeOptions } from '../chunked-upload.options.js';
import { AdminOverviewRepository } from '../database/admin-overview.repository.js';
import { AdminRepository } from '../database/admin.repository.js';
import { pingDatabase } from '../database/ping.js';
import { registerProbe } from '../health/health-probes.js';
import { CleanupTimer } from '../expiry/cleanup-timer.js';
import { ChunkedUploadService } from '../chunked-upload.service.js';
import {
  INHERITED_DATA_SOURCE,
  UPLOAD_MEASUREMENTS,
  UPLOAD_PROTOCOLS,
  UPLOAD_SERVICE,
  UPLOAD_TYPE,
  getChunkedUploadToken,
} from '../chunked-upload.tokens.js';
import { type InheritedOptions, inheritedOptions } from './inherited-options.js';
import { UnreadBodies } from '../platform/unread-bodies.js';
import { describeController } from '../protocols/content-range/openapi/describe-controller.js';
import { createUploadController } from '../protocols/content-range/upload-controller.factory.js';
import { protocolsNamed } from '../protocols/protocols.js';
import { LingeringCloseSetup } from '../protocols/http/lingering-close.setup.js';
import { MethodOverrideSetup } from '../protocols/http/method-override.setup.js';
import { type UploadTypeParts, createUploadTypeParts } from './upload-type.parts.js';
import { draftUploadType } from './upload-type.factory.js';
import { resolveUploadType } from './upload-type.resolver.js';
import { OwnedUploads } from '../owners/owned-uploads.js';
import { plainPath } from './plain-path.js';
import { fromDataSource } from './from-data-source.js';
import { requireOwnTable } from './own-table.js';
import { registerCleaner, registerUploadType, uploadTypesOf } from './upload-type.registry.js';
import { ConnectionDrain } from '../shutdown/connection-drain.js';
import { ShutdownJournal } from '../shutdown/shutdown-journal.js';
import { StartUpChecks } from '../start-up/start-up-checks.js';
import type { UploadType } from '../engine/upload-type.js';

/** What of a type Nest needs while it builds the modules. */
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
const DATA_SOURCE = Symbol('UPLOAD_TYPE_DATA_SOURCE');
const PARTS = Symbol('UPLOAD_TYPE_PARTS');
const ADMINISTERED = Symbol('ADMINISTERED');
const CONTROLLERS = Symbol('UPLOAD_TYPE_CONTROLLERS');

/** One upload type: a table, a service and a controller, in a module of its own. */
@Module({})
export class UploadTypeModule implements NestModule {
  constructor(
    private readonly methodOverride: MethodOverrideSetup,
    private readonly lingeringClose: LingeringCloseSetup,
    @Inject(CONTROLLERS) private readonly controllers: readonly Type[],
  ) {}

  configure(consumer: MiddlewareConsumer): void {
    // First: the rest is for the route that is meant.
    this.methodOverride.configure(consumer, this.controllers);
    this.lingeringClose.configure(consumer, this.controllers);
  }
}

/** The type of `forRoot`. */
export function uploadTypeModule(early: UploadTypeEarly, late: LateOptions): DynamicModule {
  return {
    ...dynamicModule(early, late, getDataSourceToken(early.dataSource)),
    imports: importsOf(early),
  };
}

/** A type of `forFeature`: what it leaves out of `dataSource` and `imports` is that of `forRoot`. */
export function furtherTypeModule(early: UploadTypeEarly, late: LateOptions): DynamicModule {
  const { dataSource, imports = [], admin, entity } = early;
  const source = dataSource === undefined ? INHERITED_DATA_SOURCE : getDataSourceToken(dataSource);
  // Nest asks more than once, and tells dynamic modules apart by reference.
  const merged = new WeakMap<InheritedOptions, DynamicModule['imports']>();
  const type = dynamicModule(early, late, source);
  const own = admin ? adminParts(admin, entity) : { controllers: [], providers: [] };
  return {
    ...type,
    controllers: [...(type.controllers ?? []), ...own.controllers],
    providers: [...(type.providers ?? []), ...own.providers],
    // Read when Nest scans the modules, not before.
    get imports() {
      const inherited = inheritedOptions();
      const known =
        merged.get(inherited) ??
        importsOf({
          ...early,
          dataSource: dataSource ?? inherited.dataSource,
          imports: [...imports, ...(inherited.imports ?? [])],
        });
      merged.set(inherited, known);
      return known;
    },
  };
}

function importsOf({
  entity,
  dataSource,
  imports = [],
}: UploadTypeEarly): DynamicModule['imports'] {
  return [...imports, entityModule(entity, dataSource)];
}

/** That of TypeORM, but for its riddle where there is no such data source. */
function entityModule(
  entity: Type<AbstractChunkedUpload>,
  name: string | undefined,
): DynamicModule {
  const module = TypeOrmModule.forFeature([entity], name);
  const providers = (module.providers ?? []).map((provider) => {
    const { useFactory, ...rest } = provider as FactoryProvider<unknown>;
    const repository = (source: DataSource): unknown => useFactory(source);
    return { ...rest, ...fromDataSource(getDataSourceToken(name), () => name, repository) };
  });
  return { ...module, providers, exports: providers };
}

function dynamicModule(
  { path, entity, controller, dataSource }: UploadTypeEarly,
  late: LateOptions,
  dataSourceToken: InjectionToken,
): DynamicModule {
  const token = getChunkedUploadToken(entity);
  const controllers = controller === false ? [] : [createUploadController(path, controller)];
  return {
    module: UploadTypeModule,
    controllers,
    providers: [
      { provide: OPTIONS, ...late },
      { provide: CONTROLLERS, useValue: controllers },
      UnreadBodies,
      LingeringCloseSetup,
      MethodOverrideSetup,
      ConnectionDrain,
      {
        provide: DATA_SOURCE,
        ...fromDataSource(
          dataSourceToken,
          () => dataSource ?? inheritedOptions().dataSource,
          (found) => found,
        ),
      },
      {
        provide: UPLOAD_TYPE,
        inject: [OPTIONS, DATA_SOURCE, ModuleRef, ModulesContainer],
        useFactory: async (
          options: ChunkedUploadTypeOptions,
          source: DataSource,
          moduleRef: ModuleRef,
          application: ModulesContainer,
        ) => {
          const others = uploadTypesOf(application).map((type) => type.entity);
          registerUploadType(application, path, entity);
          requireOwnTable(entity, others, source);
          const draft = draftUploadType(path, options);
          const type = await resolveUploadType(draft, entity, source, moduleRef);
          const protocols = protocolsNamed(type.protocols);
          for (const each of controllers) await describeController(each, type, protocols);
          return type;
        },
      },
      {
        provide: PARTS,
        inject: [UPLOAD_TYPE, DATA_SOURCE, ModulesContainer],
        useFactory: (type: UploadType, source: DataSource, application: ModulesContainer) => {
          const parts = createUploadTypeParts(type, source, entity, application);
          registerCleaner(application, entity, parts.cleaner);
          const { table } = parts;
          const ping = (limitMs: number) => pingDatabase(table, limitMs);
          registerProbe(application, { database: source, ping, storage: type.storage });
          return parts;
        },
      },
      {
        provide: token,
        inject: [PARTS],
        useFactory: ({ engine, owned, cleaner }: UploadTypeParts) =>
          new ChunkedUploadService(engine, owned, cleaner),
      },
      {
        provide: ShutdownJournal,
        inject: [PARTS, ModulesContainer],
        useFactory: ({ engine }: UploadTypeParts, application: ModulesContainer) =>
          new ShutdownJournal(application, () => engine.writers.close()),
      },
      // By themselves, since Nest asks providers what they do at the start and at the end.
      {
        provide: OwnedUploads,
        inject: [PARTS],
        useFactory: ({ owned }: UploadTypeParts) => owned,
      },
      {
        provide: CleanupTimer,
        inject: [UPLOAD_TYPE, PARTS],
        useFactory: (type: UploadType, { cleaner }: UploadTypeParts) =>
          new CleanupTimer(type, cleaner),
      },
      {
        provide: UPLOAD_MEASUREMENTS,
        inject: [PARTS],
        useFactory: ({ engine }: UploadTypeParts) => engine.measurements,
      },
      {
        provide: StartUpChecks,
        inject: [UPLOAD_TYPE, PARTS, HttpAdapterHost],
        useFactory: (type: UploadType, { table }: UploadTypeParts, adapterHost: HttpAdapterHost) =>
          new StartUpChecks({ type, table, hasRoutes: controllers.length > 0, adapterHost }),
      },
      { provide: UPLOAD_SERVICE, useExisting: token },
      {
        provide: UPLOAD_PROTOCOLS,
        inject: [UPLOAD_TYPE],
        useFactory: ({ protocols }: UploadType) => protocolsNamed(protocols),
      },
      {
        provide: ADMINISTERED,
        inject: [token, PARTS, UPLOAD_TYPE, ModulesContainer],
        useFactory: (
          uploads: ChunkedUploadService<AbstractChunkedUpload>,
          { table, owned, cleaner }: UploadTypeParts,
          { user }: UploadType,
          application: ModulesContainer,
        ) => {
          const name = plainPath(path);
          const records = new AdminRepository(table);
          const overview = new AdminOverviewRepository(table);
          const ownerTypes = owned.owners.names;
          const removeExpired = () => cleaner.removeExpiredUnlogged({});
          const shown = { records, overview, ownerTypes, user };
          registerAdministered(application, { name, entity, uploads, removeExpired, ...shown });
        },
      },
    ],
    exports: [token],
  };
}
