import { Readable } from 'node:stream';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ChunkedUploadModule, ChunkedUploadService } from 'nestjs-chunked-upload';
import { MemoryStorage } from 'nestjs-chunked-upload/testing';
import { takeCalls } from '../support/instruments/calls.mjs';
import { countStatements } from '../support/instruments/statements.mjs';
import { answerParent } from '../support/parent.mjs';

/*
 * A process of an application that uploads without HTTP, into a storage that costs nothing. It knows
 * the uploads that it began, and writes no others.
 */
const CHUNK = Buffer.alloc(64);
const TOTAL = 2 ** 30;
/** Requests at a time; the pool has ten connections. */
const LANES = 8;
// oxlint-disable-next-line typescript/no-extraneous-class -- Nest knows a module by its class
class AppModule {}

countStatements();
const app = await NestFactory.createApplicationContext(
  {
    module: AppModule,
    imports: [
      TypeOrmModule.forRoot({
        type: 'postgres',
        url: process.env.DATABASE_URL,
        autoLoadEntities: true,
      }),
      ChunkedUploadModule.forRoot({
        path: 'uploads',
        controller: false,
        storage: new MemoryStorage(),
        cleanup: false,
      }),
    ],
  },
  { logger: ['warn', 'error'] },
);
const service = app.get(ChunkedUploadService, { strict: false });
const uploads = [];
let turn = 0;
let held = 0;
let lost = 0;

/** Does `work` so often, a few at a time. */
async function repeat(count, work) {
  let left = count;
  const lane = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

const begin = (count) =>
  repeat(count, async () => {
    const fields = { filename: `file-${uploads.length}.bin` };
    const { id, offset } = await service.begin({ fields, total: TOTAL, body: CHUNK });
    uploads.push({ id, offset });
  });

/** One chunk for each upload in turn. */
const append = (count) =>
  repeat(count, async () => {
    const upload = uploads[turn++ % uploads.length];
    const { offset } = await service.append(upload.id, { offset: upload.offset, body: CHUNK });
    upload.offset = offset;
  });

/** For so many more uploads a chunk of which the beginning comes, and never the end. */
function hold(count) {
  for (const { id, offset } of uploads.slice(held, held + count)) {
    const body = new Readable({ read() {} });
    body.push(CHUNK);
    service.append(id, { offset, body }).catch((error) => {
      console.error(error.message);
      lost++;
    });
  }
  held += count;
}

answerParent('ready', { begin, append, hold, takeCalls, lost: () => lost });
