import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { LocalDiskStorage } from 'nestjs-chunked-upload';
import { FaultInjectingStorage, type StorageOperation } from 'nestjs-chunked-upload/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { RawConnection } from '../support/raw-connection.js';
import { RecordingLogger, loggingTo } from '../support/recording-logger.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

const root = join(tmpdir(), `log-lines-${process.pid}`);
const storage = new FaultInjectingStorage(new LocalDiskStorage({ root }));
const logger = new RecordingLogger();
const file = sample(300);
const first = file.subarray(0, 100);
const rest = file.subarray(100);
const sum = md5(file);
const UNKNOWN = '00000000-0000-4000-8000-000000000000';

let host: Host;
let client: UploadClient;

beforeAll(async () => {
  host = await startHost({ upload: { storage }, ...loggingTo(logger) });
  client = new UploadClient(`${host.url}/uploads`);
});
beforeEach(() => {
  logger.lines.length = 0;
});
afterAll(async () => {
  await host?.close();
  await rm(root, { recursive: true, force: true });
});

describe('Ordinary traffic', () => {
  it('is not logged', async () => {
    const { id } = await client.begin(first, 300);
    await client.put('bytes 100-299/300', rest, { id });
    await client.complete(id, sum);
    await client.list();
    await client.head(id);
    await client.download(id);
    await client.whole(file, { query: { md5: sum } });
    expect((await client.delete(id)).status).toBe(204);
    expect(logger.lines).toEqual([]);
  });

  it('is not logged where it is refused', async () => {
    const { id } = await client.begin(first, 300);
    const answers = [
      await client.put('bytes 0-99/300', first, { id }),
      await client.put(null, first),
      await client.put('bytes 0-99/50', first),
      await client.complete(id, sum),
      await client.whole(file, { query: { md5: md5(first) } }),
      await client.get(UNKNOWN),
      await client.get('no-id'),
      await client.as('bob').delete(id),
    ];
    await host.uploads.abort(id);
    answers.push(await client.put('bytes 100-299/300', rest, { id }));
    expect(answers.map(({ status }) => status)).toEqual([
      400, 400, 400, 400, 400, 404, 404, 404, 410,
    ]);
    expect(logger.lines).toEqual([]);
  });

  it('is not logged where its connection breaks', async () => {
    const { id } = await client.begin(first, 300);
    const headers = { 'content-range': 'bytes 100-299/300', 'content-length': 200 };
    const connection = await RawConnection.put(host.url, headers, `/uploads/${id}`);
    await connection.write(rest.subarray(0, 50));
    connection.destroy();
    await until('what arrived is kept', async () => (await client.offset(id)) === 150);
    expect(logger.lines).toEqual([]);
  });

  it('is not logged where a download is broken off', async () => {
    const { id } = await client.file(sample(16 * 1024 * 1024));
    let stream: Readable | null = null;
    const open = storage.createReadStream.bind(storage);
    storage.createReadStream = async (...parameters) => (stream = await open(...parameters));
    const connection = await RawConnection.open(host.url);
    await connection.head('GET', `/uploads/${id}/file`, { 'x-user': 'ann' });
    await new Promise((resolve) => connection.socket.once('data', resolve));
    connection.destroy();
    await until('nobody reads any more', () => stream?.destroyed === true);
    storage.createReadStream = open;
    expect(logger.lines).toEqual([]);
  });
});

describe('Bytes that are missing', () => {
  it('are one line for each request, with the upload', async () => {
    const { id } = await client.file(file);
    const { id: begun } = await client.begin(first, 300);
    await rm(root, { recursive: true });
    expect((await client.download(id)).status).toBe(410);
    expect((await client.put('bytes 100-299/300', rest, { id: begun })).status).toBe(410);
    const line = (of: string) =>
      expect.stringMatching(
        `^warn: Upload ${of}: The bytes of this upload are gone from the storage: ENOENT`,
      ) as string;
    expect(logger.lines).toEqual([line(id), line(begun)]);
  });

  it('are none where the upload is removed while its download begins', async () => {
    const { id } = await client.file(file);
    const open = storage.createReadStream.bind(storage);
    storage.createReadStream = async (...parameters) => {
      storage.createReadStream = open;
      await host.uploads.remove(id);
      return open(...parameters);
    };
    expect((await client.download(id)).status).toBe(404);
    expect(logger.lines).toEqual([]);
  });
});

describe('A storage that fails', () => {
  it.each<StorageOperation>(['open', 'write', 'sync'])(
    'in %s is one line with the upload',
    async (operation) => {
      const { id } = await client.begin(first, 300);
      storage.failNext(operation, new Error('EIO: no disk'));
      const inPath = await client.put('bytes 100-299/300', rest, { id });
      storage.failNext(operation, new Error('EIO: no disk'));
      const inQuery = await client.put('bytes 100-299/300', rest, { query: { upload_id: id } });
      expect([inPath.status, inQuery.status]).toEqual([503, 503]);
      const line = `warn: Upload ${id}: The storage is not available: EIO: no disk`;
      expect(logger.lines).toEqual([line, line]);
    },
  );

  it('is that line also where tus is answered another status', async () => {
    const { id } = await client.begin(file, 300);
    storage.failNext('finish', new Error('EIO: no disk'));
    const asked = await client.send('HEAD', { id, headers: { 'tus-resumable': '1.0.0' } });
    expect(asked.status).toBe(423);
    expect(logger.lines).toEqual([
      `warn: Upload ${id}: The storage is not available: EIO: no disk`,
    ]);
  });

  it('as an upload begins is one line with the id that it would have had', async () => {
    storage.failNext('sync', Object.assign(new Error('ENOSPC: full'), { code: 'ENOSPC' }));
    expect((await client.put('bytes 0-99/300', first)).status).toBe(507);
    storage.failNext('finish', new Error('EIO: no disk'));
    expect((await client.whole(file, { query: { md5: sum } })).status).toBe(503);
    expect(logger.lines).toEqual([
      expect.stringMatching(/^warn: Upload [-0-9a-f]{36}: The storage is full: ENOSPC: full$/),
      expect.stringMatching(/^warn: Upload [-0-9a-f]{36}: The storage is not available: EIO/),
    ]);
  });

  it('in the middle of a download is one line with the upload', async () => {
    const { id } = await client.file(file);
    const open = storage.createReadStream.bind(storage);
    storage.createReadStream = async () =>
      Readable.from(
        (function* () {
          yield first;
          throw new Error('EIO: no disk');
        })(),
        { objectMode: false },
      );
    await expect(client.download(id)).rejects.toThrow();
    storage.createReadStream = open;
    await until('it is said', () => logger.lines.length > 0);
    expect(logger.lines).toEqual([`warn: Upload ${id}: The download broke off: EIO: no disk`]);
  });
});
