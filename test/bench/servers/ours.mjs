import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  ChunkedUploadModule,
  LocalDiskStorage,
  chunkedUploadMigrations,
} from '../../../dist/index.js';
import { announce, directory, options } from './announce.mjs';

class AppModule {}
Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.DATABASE_URL,
      autoLoadEntities: true,
      migrations: chunkedUploadMigrations,
      migrationsRun: true,
    }),
    ChunkedUploadModule.forRoot({
      path: 'uploads',
      storage: new LocalDiskStorage({ root: directory, ...options }),
      cleanup: false,
      userRestricted: false,
    }),
  ],
})(AppModule);

const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
announce(await app.listen(0, '127.0.0.1'));
