// A host's application module as the command loads it: two upload types, no HTTP.
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Entity } from 'typeorm';
import {
  AbstractChunkedUpload,
  ChunkedUploadModule,
  LocalDiskStorage,
} from '../../../dist/index.js';

const { DATABASE_URL, DATA_DIR, RETRY } = process.env;

export class Video extends AbstractChunkedUpload {}
Entity('video')(Video);

export class AppModule {
  // Longer than a timer's shortest interval: none may run beside the command.
  async onApplicationBootstrap() {
    if (process.env.SLOW_START) await new Promise((resolve) => setTimeout(resolve, 2500));
  }
}
Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: DATABASE_URL,
      autoLoadEntities: true,
      synchronize: true,
      // Nest's own: nine tries, one every three seconds.
      ...(RETRY ? {} : { retryAttempts: 0 }),
    }),
    ChunkedUploadModule.forRoot({
      storage: new LocalDiskStorage({ root: `${DATA_DIR}/media` }),
      cleanup: { every: '1s' },
    }),
    ChunkedUploadModule.forFeature([{ path: 'media/videos', entity: Video }]),
  ],
})(AppModule);
