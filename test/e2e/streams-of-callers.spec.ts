import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Controller, Put, Req, UseFilters } from '@nestjs/common';
import { ChunkedUploadExceptionFilter, ChunkedUploadService } from 'nestjs-chunked-upload';
import { FaultInjectingStorage, MemoryStorage } from 'nestjs-chunked-upload/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { until } from '../support/waiting.js';

// A caller of the service hands over a stream as to `stream.pipeline`: whatever becomes of the
// call, the stream is closed when it is over.

const NOBODY = '00000000-0000-4000-8000-000000000000';
// A host's own route, which hands the request itself to the service.
@Controller('own')
@UseFilters(ChunkedUploadExceptionFilter)
class OwnController {
  constructor(private readonly service: ChunkedUploadService) {}

  @Put()
  async put(@Req() request: Readable): Promise<unknown> {
    return this.service.append(NOBODY, { body: request, offset: 0 });
  }
}

const storage = new FaultInjectingStorage(new MemoryStorage());
let host: Host;
let uploads: ChunkedUploadService;

beforeAll(async () => {
  const upload = {
    storage,
    allowedExtensions: ['png'],
    maxBytes: 1_000_000,
    cleanup: false,
  } as const;
  host = await startHost({ upload, controllers: [OwnController] });
  ({ uploads } = host);
});
afterAll(() => host.close());

/** Never ends by itself. */
function endless(): Readable {
  return new Readable({
    highWaterMark: 64 * 1024,
    read() {
      setImmediate(() => this.push(Buffer.alloc(1000)));
    },
  });
}

const fields = { filename: 'a.png' };
const bytes = (length: number) => Buffer.alloc(length, 'x');

const refusals: [string, (body: Readable) => Promise<unknown>][] = [
  ['append to what is no id', (body) => uploads.append('nonsense', { body, offset: 0 })],
  ['append to an upload that is not there', (body) => uploads.append(NOBODY, { body, offset: 0 })],
  [
    'append at another offset',
    async (body) => {
      const { id } = await uploads.begin({ body: bytes(10), fields });
      return uploads.append(id, { body, offset: 11 });
    },
  ],
  [
    'append beyond the total',
    async (body) => {
      const { id } = await uploads.begin({ body: bytes(10), fields, total: 20 });
      return uploads.append(id, { body, offset: 10, length: 11 });
    },
  ],
  [
    'append more than was announced',
    async (body) => {
      const { id } = await uploads.begin({ body: bytes(10), fields });
      return uploads.append(id, { body, offset: 10, length: 20 });
    },
  ],
  [
    'append to an upload that is being written',
    async (body) => {
      const { id } = await uploads.begin({ body: bytes(10), fields });
      const other = new Readable({ read: () => undefined });
      const sending = setInterval(() => other.push(bytes(1)), 20);
      const writing = uploads.append(id, { body: other, offset: 10 }).catch(() => undefined);
      await until('it is written', async () => (await uploads.findOne(id)).leaseToken !== null);
      const refused = await uploads
        .append(id, { body, offset: 10 })
        .catch((error: unknown) => error);
      clearInterval(sending);
      other.destroy();
      await writing;
      throw refused;
    },
  ],
  [
    'append what the storage does not take',
    async (body) => {
      const { id } = await uploads.begin({ body: bytes(10), fields });
      storage.failNext('write', new Error('no'));
      return uploads.append(id, { body, offset: 10 });
    },
  ],
  ['begin without a name', (body) => uploads.begin({ body, fields: { filename: '' } })],
  [
    'begin what the rules do not allow',
    (body) => uploads.begin({ body, fields: { filename: 'a.exe' } }),
  ],
  ['begin what is too large', (body) => uploads.begin({ body, fields, length: 1_000_001 })],
  ['begin what becomes too large', (body) => uploads.begin({ body, fields })],
  [
    'begin what the storage does not take',
    (body) => {
      storage.failNext('open', new Error('no'));
      return uploads.begin({ body, fields });
    },
  ],
  [
    'upload a whole file that the rules do not allow',
    (body) => uploads.uploadWhole({ body, fields: { filename: 'a.exe' }, checksum: 'x' }),
  ],
  [
    'upload a whole file that becomes too large',
    (body) => uploads.uploadWhole({ body, fields, checksum: 'x' }),
  ],
];

describe('A stream is destroyed when the service refuses to', () => {
  it.each(refusals)('%s', async (_, call) => {
    const body = endless();
    body.on('error', (error) => expect(error, 'nothing is emitted').toBeNull());
    await expect(call(body)).rejects.toMatchObject({ name: 'ChunkedUploadError' });
    expect(body.destroyed).toBe(true);
  });

  it('append what an iterator brings, which is returned', async () => {
    let returned = false;
    const body = (async function* () {
      try {
        for (;;) yield bytes(1000);
      } finally {
        returned = true;
      }
    })();
    await expect(uploads.append(NOBODY, { body, offset: 0 })).rejects.toThrow('Not found');
    await nextTurn();
    // One that has not begun has nothing to clean up either.
    expect(returned || (await body.next()).done).toBe(true);
  });
});

it('is closed as well when all of it has been taken', async () => {
  const body = Readable.from([bytes(100), bytes(100)]);
  const { offset } = await uploads.begin({ body, fields });
  expect(offset).toBe(200);
  await until('it is closed', () => body.destroyed);
});

it('is left open where it is the request of a host: who sent it gets the answer', async () => {
  const headers = { 'content-type': 'application/octet-stream' };
  const options = { method: 'PUT', headers, body: bytes(3_000_000) };
  const response = await fetch(`${host.url}/own`, options);
  expect(response.status).toBe(404);
  expect(await response.json()).toEqual({ detail: 'Not found.' });
});
