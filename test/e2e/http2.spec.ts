import { Controller, Inject, Post, Req } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { type Socket, connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { AbstractChunkedUpload, ChunkedUpload, ChunkedUploadService } from 'nestjs-chunked-upload';
import { FaultInjectingStorage, MemoryStorage } from 'nestjs-chunked-upload/testing';
import { Entity } from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { processMemory } from '../../dist/chunked-upload/memory/process-memory.js';
import { type Host, startHost } from '../support/host.js';
import { FrameConnection } from '../support/http2-frames.js';
import { expectInTime } from '../support/in-time.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { timed, until } from '../support/waiting.js';

// What is HTTP/2's own. What holds over any HTTP runs in the project `http2` as well.

const KIB = 1024;
const MIB = 1024 * KIB;
const file = sample(300);
const first = file.subarray(0, 100);
// More than is gathered before it is written.
const half = sample(300 * KIB);
const WRITTEN = 250 * KIB;

@Entity()
class Summed extends AbstractChunkedUpload {}

/** A controller of the host's own that hands a request to the service. */
@Controller('own')
class OwnController {
  constructor(@Inject(ChunkedUploadService) private readonly uploads: ChunkedUploadService) {}

  @Post()
  async take(@Req() { raw }: { raw: IncomingMessage }) {
    const { upload } = await this.uploads.uploadWhole({ body: raw, fields: { filename: 'own' } });
    return { size: upload.offset };
  }
}

/** Fastify knows no parser for raw bodies; this one leaves them as they are. */
function takeRawBodies(app: NestFastifyApplication): void {
  const instance = app.getHttpAdapter().getInstance();
  instance.addContentTypeParser('application/octet-stream', (_request, payload, done) => {
    done(null, payload);
  });
}

let host: Host;
let ann: UploadClient;
let socket: Socket;
let session: ClientHttp2Session;

beforeAll(async () => {
  host = await startHost({
    platform: 'http2',
    upload: { checksum: false },
    types: [{ path: 'summed', entity: Summed, checksum: 'md5' }],
    controllers: [OwnController],
    fastify: { prepare: takeRawBodies },
  });
  ann = new UploadClient(`${host.url}/uploads`);
});
afterAll(() => host.close());

beforeEach(async () => {
  const { port, hostname } = new URL(host.url);
  socket = connectSocket(Number(port), hostname);
  session = connect(host.url, { createConnection: () => socket });
  session.on('error', () => undefined);
  await once(session, 'connect');
});
afterEach(() => session.destroy());

type Headers = Readonly<Record<string, string>>;

function begin(method: string, path: string, headers: Headers = {}): ClientHttp2Stream {
  const pseudo = { ':method': method, ':path': path };
  const all = { ...pseudo, 'x-user': 'ann', ...headers };
  return session.request(all, { endStream: false }).on('error', () => undefined);
}

async function answerOf(stream: ClientHttp2Stream): Promise<{ status: number; body: unknown }> {
  const [headers] = (await once(stream, 'response')) as [Record<string, number>];
  let text = '';
  for await (const part of stream.setEncoding('utf8')) text += part as string;
  const body: unknown = text === '' ? null : JSON.parse(text);
  return { status: headers[':status'] ?? 0, body };
}

async function ask(method: string, path: string, bytes: Uint8Array | null, headers: Headers = {}) {
  const stream = begin(method, path, headers);
  stream.end(bytes ?? undefined);
  return answerOf(stream);
}

/** Sizes of the files that the storage holds. */
async function sizes(): Promise<number[]> {
  const gone = { size: 0 };
  const found = (await storedFiles(host.root)).map(async (path) => {
    return stat(join(host.root, path)).catch(() => gone);
  });
  return (await Promise.all(found)).map(({ size }) => size);
}

// Node's client ends a stream that it closes, and resets it then.
const CUTS: readonly [string, (stream: ClientHttp2Stream) => void][] = [
  ['cancelled', (stream) => stream.close(constants.NGHTTP2_CANCEL)],
  ['reset without an error', (stream) => stream.close(constants.NGHTTP2_NO_ERROR)],
  ['reset for an error', (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR)],
  ['given up', (stream) => stream.destroy()],
  ['ended with its connection', () => session.destroy()],
  ['cut off with its connection', () => socket.destroy()],
  ['lost with its connection', () => socket.resetAndDestroy()],
];

const form = { 'content-type': 'multipart/form-data; boundary=b' };
const part = (fields = '') =>
  `${fields}--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n`;
const octets = { 'content-type': 'application/octet-stream' };
const sumPart = `--b\r\nContent-Disposition: form-data; name="md5"\r\n\r\n${md5(half)}\r\n`;

describe.each(CUTS)('A whole file whose request is %s', (_, cut) => {
  // What came would be a whole file, if that had been the end.
  it.each([
    ['raw, without a type', '/uploads?filename=a', {}, ''],
    ['raw', '/uploads?filename=a', octets, ''],
    ['raw, with the sum of what has come', `/summed?filename=a&md5=${md5(half)}`, octets, ''],
    ['in a form', '/uploads', form, part()],
    ['in a form, with the sum of what has come', '/summed', form, part(sumPart)],
    ['to a controller of the host', '/own', octets, ''],
  ])('%s, leaves nothing', async (_name, path, headers, head) => {
    const stream = begin('POST', path, headers);
    stream.write(head);
    stream.write(half);
    await until('it is stored', async () => (await sizes()).some((size) => size >= WRITTEN));
    cut(stream);
    await until('nothing is left', async () => (await sizes()).length === 0);
    for (const entity of [ChunkedUpload, Summed]) {
      expect(await host.dataSource.getRepository(entity).count()).toBe(0);
    }
  });
});

describe.each(CUTS)('A chunk whose request is %s', (_, cut) => {
  it.each([
    ['raw, without a type', {}, ''],
    ['raw', octets, ''],
    ['in a form', form, part()],
  ])('%s, keeps what has come', async (_name, headers, head) => {
    const { id } = await ann.begin(half.subarray(0, 10), '*');
    const range = { 'content-range': `bytes 10-${10 * MIB}/*` };
    const stream = begin('PUT', `/uploads/${id}`, { ...headers, ...range });
    stream.write(head);
    stream.write(half.subarray(10));
    await until('it is stored', async () => (await sizes()).some((size) => size >= WRITTEN));
    cut(stream);
    // A parser keeps back what may be the beginning of its boundary.
    const least = half.length - (head === '' ? 0 : KIB);
    await until('it is kept', async () => (await ann.offset(id)) >= least);
    expect(await ann.offset(id)).toBeLessThanOrEqual(half.length);
    expect((await ann.delete(id)).status).toBe(204);
  });
});

describe('Without a type and a length', () => {
  it('a body is a chunk', async () => {
    const begun = await ask('PUT', '/uploads?filename=a', first, {
      'content-range': 'bytes 0-99/300',
    });
    expect(begun).toMatchObject({ status: 200, body: { offset: 100 } });
    const { id, url } = begun.body as { id: string; url: string };
    expect(url).toBe(`${host.url}/uploads/${id}`);
    const rest = { 'content-range': 'bytes 100-299/300' };
    const next = await ask('PUT', `/uploads/${id}`, file.subarray(100), rest);
    expect(next).toMatchObject({ status: 200, body: { offset: 300 } });
    expect((await ask('POST', `/uploads/${id}`, null)).status).toBe(200);
    expect((await ann.download(id)).bytes).toEqual(file);
    expect((await ask('DELETE', '/uploads', Buffer.from('x'))).status).toBe(400);
    expect((await ask('DELETE', `/uploads?upload_id=${id}`, null)).status).toBe(204);
  });

  it('a body is a whole file', async () => {
    const whole = await ask('POST', '/uploads?filename=a', file);
    expect(whole).toMatchObject({ status: 200, body: { status: 2, offset: 300 } });
    const { id } = whole.body as { id: string };
    expect((await ann.download(id)).bytes).toEqual(file);
    await ann.delete(id);
  });

  it('nothing is no body: an upload begins without bytes, and says where to go on', async () => {
    const range = { 'content-range': 'bytes */300' };
    const begun = await ask('PUT', '/uploads?filename=a', null, range);
    expect(begun).toMatchObject({ status: 200, body: { offset: 0, total: 300 } });
    const { id } = begun.body as { id: string };
    for (const type of [{}, form, { 'content-type': 'multipart/form-data' }]) {
      expect(await ask('PUT', `/uploads/${id}`, null, { ...range, ...type })).toEqual(begun);
    }
    const chunk = await ask('PUT', `/uploads/${id}`, null, { 'content-range': 'bytes 0-9/300' });
    expect(chunk.status).toBe(400);
    expect(chunk.body).toMatchObject({
      detail: expect.stringMatching(/^No chunk file was submitted/) as string,
    });
    await ann.delete(id);
  });
});

describe('Over one connection', () => {
  const headers = [['x-user', 'ann']] as const;

  it('a refused request is answered, and then told to send no more', async () => {
    const connection = await FrameConnection.open(host.url);
    const stream = connection.request('PUT', '/uploads?filename=a', headers);
    connection.data(stream, first);
    const answer = connection.answer(stream);
    await until('it is answered', () => answer.ended);
    expect(answer).toMatchObject({ status: 400, reset: null });
    await until('it is told', () => answer.reset !== null);
    expect(answer.reset).toBe(constants.NGHTTP2_NO_ERROR);
    expect(connection.hasEnded).toBe(false);
    connection.destroy();
  });

  it('refused requests that go on sending do not stand in the way of others', async () => {
    const connection = await FrameConnection.open(host.url);
    const refused = Array.from({ length: 50 }, () =>
      connection.request('PUT', '/uploads?filename=a', headers),
    );
    const beginning = `/uploads?filename=b`;
    const range = ['content-range', `bytes 0-${MIB - 1}/${MIB}`] as const;
    const stream = connection.request('PUT', beginning, [...headers, range]);
    const noise = setInterval(() => {
      for (const each of refused) {
        if (connection.answer(each).reset === null && connection.window > 100 * KIB) {
          connection.data(each, first);
        }
      }
    }, 5);
    try {
      for (const each of refused) connection.data(each, first);
      await connection.allData(stream, sample(MIB));
      connection.end(stream);
      await until('it is answered', () => connection.answer(stream).ended);
      expect(connection.answer(stream).status).toBe(200);
      await until('the others are told', () =>
        refused.every((each) => connection.answer(each).reset === constants.NGHTTP2_NO_ERROR),
      );
      expect(refused.map((each) => connection.answer(each).status)).toEqual(refused.map(() => 400));
    } finally {
      clearInterval(noise);
      connection.destroy();
    }
  });

  it('a chunk in frames of one byte arrives as it was sent', async () => {
    const bytes = sample(100_000);
    const connection = await FrameConnection.open(host.url);
    const range = ['content-range', `bytes 0-${bytes.length - 1}/${bytes.length}`] as const;
    const stream = connection.request('PUT', '/uploads?filename=a', [...headers, range]);
    await connection.allData(stream, bytes, 1);
    connection.end(stream);
    await until('it is answered', () => connection.answer(stream).ended);
    const { id } = JSON.parse(connection.answer(stream).body) as { id: string };
    expect((await ask('POST', `/uploads/${id}`, null)).status).toBe(200);
    expect((await ann.download(id)).bytes.equals(bytes)).toBe(true);
    connection.destroy();
  });
});

it('Bodies that a storage holds back bring no more than their windows, and wait for their turn', async () => {
  const STREAMS = 100;
  const storage = new FaultInjectingStorage(new MemoryStorage());
  const other = await startHost({ platform: 'http2', upload: { storage } });
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  storage.fault = (operation) => (operation === 'write' ? released : undefined);
  const connection = await FrameConnection.open(other.url);
  const range = ['content-range', `bytes 0-${MIB - 1}/${MIB}`] as const;
  const bytes = sample(MIB);
  const streams = Array.from({ length: STREAMS }, () => ({
    id: connection.request('PUT', '/uploads?filename=a', [['x-user', 'ann'], range]),
    sent: 0,
  }));
  const pump = () => {
    for (const stream of streams) {
      stream.sent += connection.data(stream.id, bytes.subarray(stream.sent), 1000);
    }
  };
  const total = () => streams.reduce((sum, { sent }) => sum + sent, 0);
  let before = -1;
  let movedAt = 0;
  let looks = 0;
  // For a second, in which this process did run.
  const isStill = () => {
    pump();
    looks += 1;
    if (total() !== before) [movedAt, looks] = [performance.now(), 0];
    before = total();
    return performance.now() - movedAt > 1000 && looks > 50;
  };
  try {
    await until('no window is open', isStill, { everyMs: 1 });
    // The budget, and what was on its way when all were told to wait: a window each, in small pieces,
    // which count for more than their bytes.
    expect(processMemory.used).toBeLessThan(processMemory.limit + STREAMS * 96 * KIB);
    expect(processMemory.used).toBeGreaterThan(STREAMS * 32 * KIB);
    expect(total()).toBeLessThan(processMemory.limit + 2 * STREAMS * 64 * KIB);
    release();
    await until('all is sent', () => (pump(), total() === STREAMS * MIB), { everyMs: 1 });
    for (const { id } of streams) connection.end(id);
    await until('all are answered', () =>
      streams.every(({ id }) => connection.answer(id).status === 200),
    );
    await until('no memory is held', () => processMemory.used === 0);
  } finally {
    connection.destroy();
    await other.close();
  }
});

it('The end of an application is not held up by connections that ask nothing', async () => {
  const other = await startHost({ platform: 'http2', nest: { forceCloseConnections: false } });
  const idle = connect(other.url);
  await once(idle, 'connect');
  const pseudo = { ':method': 'GET', ':path': '/uploads' };
  expect(await answerOf(idle.request(pseudo))).toMatchObject({ status: 200 });
  const { ms } = await timed(() => other.close());
  expectInTime(ms, 10_000);
  idle.destroy();
});

it('The end of the application keeps what has come of a chunk, and does not wait for clients', async () => {
  const { id } = await ann.begin(first, 300);
  const stream = begin('PUT', `/uploads/${id}`, { 'content-range': 'bytes 100-299/300' });
  stream.write(file.subarray(100, 160));
  await until('its bytes are in the file', async () => (await sizes()).includes(160));
  const { ms } = await timed(() => host.app.close());
  expectInTime(ms, 10_000);
  await host.dataSource.initialize();
  const rows = await host.dataSource.getRepository(ChunkedUpload).findBy({ id });
  await host.dataSource.destroy();
  expect(rows).toMatchObject([{ offset: 160 }]);
});
