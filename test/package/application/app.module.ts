import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  ChunkedUploadModule,
  LocalDiskStorage,
  chunkedUploadMigrations,
} from 'nestjs-chunked-upload';
import { CreateTables1763856000000 } from './create-tables.migration.js';
import { Person, Video } from './entities.js';

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env['DATABASE_URL'] ?? '',
      autoLoadEntities: true,
      migrations: [...chunkedUploadMigrations, CreateTables1763856000000],
      migrationsRun: true,
    }),
    TypeOrmModule.forFeature([Person]),
    ChunkedUploadModule.forRoot({
      storage: new LocalDiskStorage({ root: process.env['MEDIA'] ?? 'media' }),
      user: ({ headers }) => String(headers['x-user']),
      owners: { person: Person },
    }),
    ChunkedUploadModule.forFeature([{ path: 'videos', entity: Video, maxBytes: 1000 }]),
  ],
})
export class AppModule {}
