import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSourceOptions } from 'typeorm';
import { ChunkedUploadModule, type StorageProvider } from '../index.js';
import { AdminGuard } from './admin.guard.js';
import { BasicAuthGuard } from './basic-auth.guard.js';
import { connect } from './database.js';
import { FileUpload, NoteUpload, Person, VideoUpload } from './demo.entities.js';
import {
  CreatePeople1763856000000,
  CreateUploadTables1763769600001,
  SearchWithinNames1764201600001,
  UpdateUploadTables1764115200001,
} from './demo.migrations.js';
import { DetailFilter } from './detail.filter.js';
import { HealthController } from './health.controller.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { UploadMetrics } from './metrics/upload-metrics.js';
import { PageController } from './page.controller.js';
import { PeopleController } from './people.controller.js';
import type { Settings } from './settings.js';

/** All that there is; the last is still an Internet-Draft. */
const PROTOCOLS = ['content-range', 'tus', 'filepond', 'resumable-http'] as const;

/** The demo: three upload types, each with a table of its own, and a page to try them. */
@Module({})
export class DemoModule {
  static register(
    settings: Settings,
    databaseUrl: string,
    storage: StorageProvider,
  ): DynamicModule {
    return {
      module: DemoModule,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({
            type: 'postgres',
            url: databaseUrl,
            autoLoadEntities: true,
            migrations: [
              CreateUploadTables1763769600001,
              CreatePeople1763856000000,
              UpdateUploadTables1764115200001,
              SearchWithinNames1764201600001,
            ],
            // Without it a request waits for ever for a connection of a pool that is used up.
            connectTimeoutMS: 5000,
          }),
          dataSourceFactory: (options) => connect(options as DataSourceOptions),
        }),
        TypeOrmModule.forFeature([Person]),
        // The library says in the log what is down.
        TerminusModule.forRoot({ logger: false }),
        ChunkedUploadModule.forRoot({
          path: 'uploads/files',
          entity: FileUpload,
          admin: { path: 'admin/uploads', guards: [AdminGuard] },
          storage,
          expiresIn: settings.uploadExpiresIn,
          protocols: PROTOCOLS,
          // The demo lets everybody attach files to everyone; an application decides here who may.
          owners: { person: { entity: Person, canAttach: () => true } },
        }),
        ChunkedUploadModule.forFeature([
          {
            path: 'uploads/videos',
            entity: VideoUpload,
            maxBytes: 50 * 1024 * 1024,
            allowedMimeTypes: ['video/mp4'],
            owners: {},
          },
          {
            path: 'uploads/notes',
            entity: NoteUpload,
            minBytes: 10,
            maxBytes: 1000,
            allowedExtensions: ['png', 'txt'],
            owners: {},
          },
        ]),
      ],
      controllers: [HealthController, MetricsController, PageController, PeopleController],
      providers: [
        {
          provide: UploadMetrics,
          useFactory: () =>
            new UploadMetrics(['uploads/files', 'uploads/videos', 'uploads/notes'], PROTOCOLS),
        },
        { provide: APP_GUARD, useClass: BasicAuthGuard },
        { provide: APP_FILTER, useClass: DetailFilter },
      ],
    };
  }
}
