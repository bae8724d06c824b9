import { FaultInjectingStorage, MemoryStorage } from 'nestjs-chunked-upload/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processMemory } from '../../dist/chunked-upload/memory/process-memory.js';
import { type Host, startHost } from '../support/host.js';
import { expectInTime } from '../support/in-time.js';
import { RawConnection } from '../support/raw-connection.js';
import { UploadClient, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

// What is still coming of a request when it has been answered is read for two seconds, 16 MiB of it.

const MIB = 1024 * 1024;
const READ_MS = 2000;
// What a busy machine may add to that.
const TOLERANCE_MS = 8000;
// 16 MiB, and what kernels hold between the two ends.
const MOST_BYTES = 48 * MIB;

const piece = sample(MIB);
const isHttp2 = process.env['HOST_PLATFORM'] === 'http2';
const storage = new FaultInjectingStorage(new MemoryStorage());

let host: Host;
let ann: UploadClient;
beforeAll(async () => {
  host = await startHost({ upload: { storage } });
  ann = new UploadClient(`${host.url}/uploads`);
});
afterAll(() => host.close());

const ways: { title: string; headers: Record<string, string> }[] = [
  { title: isHttp2 ? 'HTTP/2' : 'a connection that is kept alive', headers: {} },
  ...(isHttp2 ? [] : [{ title: 'Connection: close', headers: { connection: 'close' } }]),
];

// At once: each of them waits for those two seconds.
describe.concurrent.each(ways)('The rest of a refused body, with $title', ({ headers }) => {
  const endless = (more: Record<string, string>) =>
    RawConnection.put(host.url, { ...headers, 'transfer-encoding': 'chunked', ...more });

  it.each([
    ['without a range', {}, 400],
    ['of a form that is none', { 'content-type': 'multipart/form-data' }, 400],
    ['that is compressed', { 'content-encoding': 'gzip' }, 415],
  ])('%s is cut off where it does not come', async (_, more, status) => {
    const connection = await endless(more);
    await connection.writePiece(piece.subarray(0, 100));
    expect((await connection.answer()).status).toBe(status);
    const answered = performance.now();
    await connection.closed();
    expectInTime(performance.now() - answered, READ_MS + TOLERANCE_MS);
  });

  it('is cut off where it is too much, by a sender that has read the answer by then', async () => {
    const connection = await endless({});
    const answer = connection.answer();
    let sent = 0;
    let isClosed = false;
    const closed = connection.closed().then(() => (isClosed = true));
    const sending = (async () => {
      for (; !isClosed; sent += piece.length) await connection.writePiece(piece);
    })().catch(() => undefined);
    expect((await answer).status).toBe(400);
    const answered = performance.now();
    await closed;
    expectInTime(performance.now() - answered, READ_MS + TOLERANCE_MS);
    expect(sent).toBeLessThan(MOST_BYTES);
    connection.destroy();
    await sending;
  });
});

describe.each(ways)('The rest of a refused body, with $title', ({ headers }) => {
  it('is read also where the storage that held it back has failed', async () => {
    const { id } = await ann.begin(piece.subarray(0, 10), '*');
    let fail!: () => void;
    const failed = new Promise<void>((_, reject) => {
      fail = () => reject(new Error('The storage'));
    });
    storage.fault = (operation) => (operation === 'write' ? failed : undefined);
    const size = 12 * MIB;
    const range = `bytes 10-${size + 9}/*`;
    const own = { ...headers, 'content-length': size, 'content-range': range };
    const connection = await RawConnection.put(host.url, own, `/uploads/${id}`);
    const sending = (async () => {
      for (let sent = 0; sent < size; sent += piece.length) await connection.write(piece);
    })();
    let used = 0;
    await until(
      'it is held back',
      () => {
        const before = used;
        used = processMemory.used;
        return used >= MIB / 2 && used === before;
      },
      { everyMs: 200 },
    );
    fail();
    expect((await connection.answer()).status).toBe(503);
    await sending;
    storage.fault = null;
    if (headers['connection'] === 'close') {
      await connection.closed();
    } else {
      await connection.head('GET', `/uploads/${id}`, { 'x-user': 'ann' });
      expect(await connection.answer()).toMatchObject({ status: 200, json: { offset: 10 } });
    }
    connection.destroy();
    await until('no memory is held', () => processMemory.used === 0);
  });
});
