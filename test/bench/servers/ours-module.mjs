import { TypeOrmModule } from '@nestjs/typeorm';
import { ChunkedUploadModule, chunkedUploadMigrations } from '../../../dist/index.js';
import { options } from './announce.mjs';
import { serve } from './nest-app.mjs';

/** Our module, with its defaults but for what the candidate says. */
export function serveOurs(storage) {
  return serve({
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
        storage,
        checksum: options.checksum,
        userRestricted: false,
      }),
    ],
  });
}
