// A host that is made into one file.
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  ChunkedUploadModule,
  LocalDiskStorage,
  chunkedUploadMigrations,
} from 'nestjs-chunked-upload';

@Injectable()
class Anybody {
  canActivate(): boolean {
    return true;
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env['DATABASE_URL'] ?? '',
      autoLoadEntities: true,
      migrations: chunkedUploadMigrations,
      migrationsRun: true,
    }),
    ChunkedUploadModule.forRoot({
      storage: new LocalDiskStorage({ root: process.env['MEDIA'] ?? 'media' }),
      allowedMimeTypes: ['application/pdf'],
      admin: { path: 'admin/uploads', guards: [Anybody] },
    }),
  ],
})
class AppModule {}

process.on('worker', (thread) => thread.once('message', () => console.log('a thread hashes')));

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  await app.listen(0, '127.0.0.1');
  console.log(await app.getUrl());
}
void bootstrap();
