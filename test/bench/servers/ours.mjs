import { TypeOrmModule } from '@nestjs/typeorm';
import {
  ChunkedUploadModule,
  LocalDiskStorage,
  chunkedUploadMigrations,
} from '../../../dist/index.js';
import { directory, options } from './announce.mjs';
import { serve } from './nest-app.mjs';

await serve({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.DATABASE_URL,
      autoLoadEntities: true,
      migrations: chunkedUploadMigrations,
      migrationsRun: true,
    }),
    ChunkedUploadModule.forRoot({
      path: options.path ?? 'uploads',
      storage: new LocalDiskStorage({ root: directory, fsync: options.fsync }),
      checksum: options.checksum,
      userRestricted: false,
    }),
  ],
});
