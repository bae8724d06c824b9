import { rename, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { LocalDiskStorage } from 'nestjs-chunked-upload';
import { FaultInjectingStorage, type StorageOperation } from 'nestjs-chunked-upload/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '../support/database.js';
import { type Host, startHost } from '../support/host.js';
import { RawConnection } from '../support/raw-connection.js';
import { RecordingLogger, loggingTo } from '../support/recording-logger.js';
import { storedFiles } from '../support/stored-files.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { type Answer, UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

const root = join(tmpdir(), `storage-failures-${process.pid}`);
const storage = new FaultInjectingStorage(new LocalDiskStorage({ root }));
let host: Host;
let ann: UploadClient;
const file = sample(300);
const first = file.subarray(0, 100);
const rest = file.subarray(100);
const sum = md5(file);

beforeAll(async () => {
  const protocols = ['content-range', 'tus', 'filepond', 'resumable-http'] as const;
  host = await startHost({ upload: { storage, protocols } });
  ann = new UploadClient(`${host.url}/uploads`);
});
afterEach(() => {
  storage.fault = null;
});
afterAll(async () => {
  await host.close();
  await rm(root, { recursive: true, force: true });
});

const failure = (code: string) => Object.assign(new Error(`${code}: injected`), { code });

const full = [507, 'The storage is full'] as const;
const refusals: Record<string, readonly [number, string]> = {
  ENOSPC: full,
  EDQUOT: full,
  EFBIG: [413, 'The file is larger than the storage can hold'],
};

function expectFailure(answer: Answer, code: string): void {
  const refusal = refusals[code] ?? [503, 'The storage is not available'];
  expect([answer.status, answer.detail]).toEqual(refusal);
  const retryAfter = answer.headers.get('retry-after');
  if (answer.status === 503) expect(retryAfter).toMatch(/^[1-9]\d*$/);
  else expect(retryAfter).toBeNull();
}

describe.each(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'ECONNRESET'])(
  'A storage that fails with %s',
  (code) => {
    it.each<StorageOperation>(['open', 'write', 'sync'])(
      'in %s of a next chunk: nothing is lost, and it goes on',
      async (operation) => {
        const { id } = await ann.begin(first, 300);
        for (const form of [undefined, {}]) {
          storage.failNext(operation, failure(code));
          const options = { id, ...(form && { form }) };
          expectFailure(await ann.put('bytes 100-299/300', rest, options), code);
          expect((await ann.get(id)).upload).toMatchObject({ offset: 100, status: 1 });
        }
        expect((await ann.put('bytes 100-299/300', rest, { id })).status).toBe(200);
        expect((await ann.complete(id, sum)).status).toBe(200);
        expect((await ann.download(id)).bytes).toEqual(file);
      },
    );

    it.each<StorageOperation>(['open', 'write', 'sync'])(
      'in %s of a first chunk: there is no upload, and no bytes',
      async (operation) => {
        const before = { uploads: await ann.list(), files: await storedFiles(root) };
        storage.failNext(operation, failure(code));
        expectFailure(await ann.put('bytes 0-99/300', first), code);
        expect({ uploads: await ann.list(), files: await storedFiles(root) }).toEqual(before);
      },
    );

    it.each<StorageOperation>(['open', 'write', 'finish'])(
      'in %s of a whole file: nothing is left',
      async (operation) => {
        const before = { uploads: await ann.list(), files: await storedFiles(root) };
        storage.failNext(operation, failure(code));
        expectFailure(await ann.whole(file, { query: { md5: sum } }), code);
        expect({ uploads: await ann.list(), files: await storedFiles(root) }).toEqual(before);
      },
    );

    it('in finish: the upload can be completed later', async () => {
      const { id } = await ann.begin(file, 300);
      storage.failNext('finish', failure(code));
      expectFailure(await ann.complete(id, sum), code);
      expect((await ann.get(id)).upload).toMatchObject({ status: 1, offset: 300 });
      expect((await ann.complete(id, sum)).status).toBe(200);
      expect((await ann.download(id)).bytes).toEqual(file);
    });

    it('in createReadStream: the download can be repeated', async () => {
      const { id } = await ann.file(file);
      storage.failNext('createReadStream', failure(code));
      expectFailure(await ann.send('GET', { id: `${id}/file` }), code);
      expect((await ann.download(id)).bytes).toEqual(file);
    });

    it('in remove: the removal can be repeated', async () => {
      const { id } = await ann.file(file);
      storage.failNext('remove', failure(code));
      expectFailure(await ann.delete(id), code);
      expect((await ann.delete(id)).status).toBe(204);
      expect((await ann.get(id)).status).toBe(404);
      expect((await storedFiles(root)).filter((name) => name.includes(id))).toEqual([]);
    });
  },
);

describe.each(['ENOSPC', 'EFBIG'])('A disk that takes no more in a chunk: %s', (code) => {
  it('keeps what was written before, and the upload is resumable from there', async () => {
    const large = sample(5 * 1024 * 1024);
    const { id } = await ann.begin(large.subarray(0, 100), large.length);
    let writes = 0;
    storage.fault = (operation) => {
      if (operation !== 'write') return;
      writes += 1;
      if (writes > 2) throw failure(code);
    };
    const range = (start: number) => `bytes ${start}-${large.length - 1}/${large.length}`;
    expectFailure(await ann.put(range(100), large.subarray(100), { id }), code);
    const offset = await ann.offset(id);
    expect(offset).toBeGreaterThan(100);
    expect(offset).toBeLessThan(large.length);
    storage.fault = null;
    expect((await ann.put(range(offset), large.subarray(offset), { id })).status).toBe(200);
    expect((await ann.complete(id, md5(large))).status).toBe(200);
    expect((await ann.download(id)).bytes.equals(large)).toBe(true);
  });
});

describe('A client that asks where to go on after its connection broke', () => {
  const large = sample(1024 * 1024);

  /**
   * Sends half of it, and breaks the connection while the storage is writing, which goes on when `end`
   * resolves. The server has noticed the break when this does.
   */
  async function breaks(end: Promise<unknown>): Promise<string> {
    const { id } = await ann.begin(large.subarray(0, 100), large.length);
    const writing = new Promise<void>((resolve) => {
      storage.fault = async (operation) => {
        if (operation !== 'write') return;
        storage.fault = null;
        resolve();
        await end;
      };
    });
    const headers = {
      'content-range': `bytes 100-${large.length - 1}/${large.length}`,
      'content-length': String(large.length - 100),
    };
    const broken = new Promise((resolve) => {
      host.app
        .getHttpServer()
        .once('request', (request: Readable) => request.once('close', resolve));
    });
    const connection = await RawConnection.put(host.url, headers, `/uploads/${id}`);
    await connection.write(large.subarray(100, 600_000));
    await writing;
    connection.destroy();
    await broken;
    return id;
  }

  async function expectGoesOn(id: string, offset: number): Promise<void> {
    expect(offset).toBeGreaterThan(100);
    const range = `bytes ${offset}-${large.length - 1}/${large.length}`;
    expect((await ann.put(range, large.subarray(offset), { id })).status).toBe(200);
    expect((await ann.complete(id, md5(large))).status).toBe(200);
  }

  it('is told of all that had come, also where the storage is slow', async () => {
    const id = await breaks(sleep(300));
    let asked = await ann.head(id);
    // So slow is a busy machine, too: it is to ask again.
    await until('it is told', async () => {
      if (asked.status === 423) asked = await ann.head(id);
      return asked.status === 200;
    });
    await expectGoesOn(id, Number(asked.headers.get('upload-offset')));
  });

  it('is told to ask again where that is not stored within a second: no other answer would hold', async () => {
    let goOn = (): void => undefined;
    const id = await breaks(new Promise<void>((resolve) => (goOn = resolve)));
    const { status, headers } = await ann.head(id);
    expect([status, headers.get('retry-after')]).toEqual([423, '1']);
    // FilePond would give the file up; what it sends twice it is not refused for.
    const filePond = await ann.send('HEAD', { query: { patch: id } });
    expect([filePond.status, filePond.headers.get('upload-offset')]).toEqual([200, '100']);
    goOn();
    await expect.poll(async () => (await ann.head(id)).status).toBe(200);
    await expectGoesOn(id, await ann.offset(id));
  });
});

async function damage(id: string, work: (path: string) => Promise<void>): Promise<void> {
  const [path = ''] = (await storedFiles(root)).filter((name) => name.includes(id));
  await work(join(root, path));
}

describe('Bytes that are missing or short on disk', () => {
  it('are a 4xx to every verb, and can be removed', async () => {
    const { id } = await ann.begin(first, 300);
    await damage(id, (path) => rm(path));
    expect((await ann.put('bytes 100-299/300', rest, { id })).status).toBe(410);
    expect((await ann.get(id)).status).toBe(200);
    expect((await ann.delete(id)).status).toBe(204);
  });

  it('are a 4xx to completion and download', async () => {
    const { id } = await ann.begin(file, 300);
    await damage(id, (path) => rename(path, `${path}.away`));
    expect((await ann.complete(id, sum)).status).toBe(410);
    expect((await ann.get(id)).upload.status).toBe(1);
    await damage(id, (path) => rename(path, path.replace('.away', '')));
    expect((await ann.complete(id, sum)).status).toBe(200);
    await damage(id, (path) => rm(path));
    expect((await ann.download(id)).status).toBe(410);
  });

  it('are never completed short', async () => {
    const { id } = await ann.begin(file, 300);
    await damage(id, (path) => truncate(path, 299));
    expect((await ann.complete(id, sum)).status).toBe(410);
    expect((await ann.get(id)).upload.status).toBe(1);
  });
});

describe('A database that is away', () => {
  it('is a 503 with Retry-After to every verb, and nothing is lost', async () => {
    const database = await createDatabase();
    const proxy = await TcpProxy.to(database.url);
    const own = await startHost({ database: { url: proxy.url } as object });
    try {
      const client = new UploadClient(`${own.url}/uploads`);
      const { id } = await client.begin(first, 300);
      const { id: done } = await client.file(file);
      const files = await storedFiles(own.root);
      await proxy.cut();
      const requests = [
        () => client.put('bytes 0-99/300', first),
        () => client.put('bytes 100-299/300', rest, { id }),
        () => client.put('bytes 100-299/300', rest, { id, form: {} }),
        () => client.complete(id, sum),
        () => client.whole(file, { query: { md5: sum } }),
        () => client.get(id),
        () => client.send('GET', {}),
        () => client.send('GET', { id: `${done}/file` }),
        () => client.delete(id),
      ];
      for (const request of requests) {
        const answer = await request();
        expect(answer).toMatchObject({ status: 503, body: { detail: expect.any(String) } });
        expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      }
      // By tus a client would begin anew after a 503 to this.
      const asked = await client.send('HEAD', { id, headers: { 'tus-resumable': '1.0.0' } });
      expect(asked.status).toBe(423);
      expect(asked.headers.get('retry-after')).toBe('1');
      await proxy.open();
      expect((await client.list()).map((upload) => upload.id)).toEqual([id, done]);
      expect(await storedFiles(own.root)).toEqual(expect.arrayContaining(files));
      expect((await client.put('bytes 100-299/300', rest, { id })).status).toBe(200);
      expect((await client.complete(id, sum)).status).toBe(200);
      expect((await client.download(id)).bytes).toEqual(file);
    } finally {
      await own.close();
      await proxy.cut();
      await database.drop();
    }
  });
});

describe('A database that goes away for longer than a lease', () => {
  it('is a 503 to the chunk that is being sent, and one line in the log', async () => {
    const database = await createDatabase();
    const proxy = await TcpProxy.to(database.url);
    const logger = new RecordingLogger();
    const own = await startHost({
      database: { url: proxy.url } as object,
      upload: { leaseTime: '3s' },
      ...loggingTo(logger),
    });
    try {
      const client = new UploadClient(`${own.url}/uploads`).as('ann');
      const { id } = await client.begin(first, 100_000_000);
      const headers = {
        'content-range': 'bytes 100-99999999/100000000',
        'content-length': 99_999_900,
      };
      const connection = await RawConnection.put(own.url, headers, `/uploads/${id}`);
      const answering = connection.answer();
      await connection.write(Buffer.alloc(100_000));
      await until('the chunk has its lease', async () => {
        const rows = await own.dataSource.query('SELECT lease_token FROM chunked_upload');
        return (rows as { lease_token: string | null }[])[0]?.lease_token !== null;
      });
      await proxy.cut();
      const sending = (async () => {
        for (;;) {
          await connection.write(Buffer.alloc(100_000));
          await sleep(50);
        }
      })().catch(() => undefined);
      const { status, headers: answered } = await answering;
      connection.destroy();
      await sending;
      expect(status).toBe(503);
      expect(answered['retry-after']).toMatch(/^[1-9]\d*$/);
      const about = logger.lines.filter((line) => line.includes(id));
      expect(about).toEqual([
        expect.stringMatching(`^warn: Upload ${id}: The database is not available: .`),
      ]);
      await proxy.open();
      expect((await client.put('bytes 100-299/100000000', rest, { id })).status).toBe(200);
    } finally {
      await own.close();
      await proxy.cut();
      await database.drop();
    }
  });
});

describe('A question by tus, which completes what is all there', () => {
  it('is 423 while the storage fails, and then done', async () => {
    const { id } = await ann.begin(file, 300);
    const headers = { 'tus-resumable': '1.0.0' };
    storage.failNext('finish', failure('EIO'));
    const failed = await ann.send('HEAD', { id, headers });
    expect(failed.status).toBe(423);
    expect(failed.headers.get('retry-after')).toBe('1');
    expect((await ann.send('HEAD', { id, headers })).headers.get('upload-offset')).toBe('300');
    expect((await ann.get(id)).upload.status).toBe(2);
  });
});

describe('A creation with bytes, of which the storage takes no more', () => {
  const tus = {
    'tus-resumable': '1.0.0',
    'upload-length': '300',
    'content-type': 'application/offset+octet-stream',
  };
  const draft = { 'upload-draft-interop-version': '8', 'upload-complete': '?1' };

  it.each([
    ['tus', 'ENOSPC', tus],
    ['tus', 'EFBIG', tus],
    ['resumable-http', 'ENOSPC', draft],
    ['resumable-http', 'EFBIG', draft],
  ] as const)('keeps what fitted, and tells where: %s, %s', async (_, code, headers) => {
    storage.failNext('write', failure(code));
    const answer = await ann.send('POST', { query: { filename: 'a' }, headers }, first);
    expectFailure(answer, code);
    const id = answer.headers.get('location')?.split('/').at(-1) ?? '';
    expect((await ann.get(id)).upload).toMatchObject({ id, offset: 0, status: 1 });
  });
});
