import {
  AbstractChunkedUpload,
  type ChunkedUpload,
  type ChunkedUploadService,
  ChunkedUploadStatus,
  LocalDiskStorage,
  type Removal,
  getChunkedUploadToken,
} from 'nestjs-chunked-upload';
import { FaultInjectingStorage, MemoryStorage } from 'nestjs-chunked-upload/testing';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { Entity } from 'typeorm';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { HeldBody } from '../support/held-body.js';
import { type Host, startHost, withHost } from '../support/host.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

@Entity()
class Other extends AbstractChunkedUpload {}

const { Incomplete, Complete, Aborted } = ChunkedUploadStatus;
const file = sample(300);
const first = file.subarray(0, 100);
const NOTHING = { removed: 0, bytes: 0, failed: 0, declined: 0, failure: null };
const fields = { filename: 'a.bin' };

let host: Host;
let ann: UploadClient;
let uploads: ChunkedUploadService;
let others: ChunkedUploadService<Other>;
let storage: FaultInjectingStorage;

beforeAll(async () => {
  const inner = new MemoryStorage();
  storage = new FaultInjectingStorage(inner);
  host = await startHost({
    upload: { storage, cleanup: false },
    types: [{ path: 'other', entity: Other }],
  });
  ann = new UploadClient(`${host.url}/uploads`);
  uploads = host.uploads;
  others = host.app.get(getChunkedUploadToken(Other), { strict: false });
});
afterAll(() => host.close());
afterEach(async () => {
  storage.fault = null;
  for (const { id } of await uploads.find()) await uploads.remove(id);
});

async function expire(...ids: string[]): Promise<void> {
  const sql =
    "UPDATE chunked_upload SET expires_at = now() - interval '1 minute' WHERE id = ANY($1)";
  await host.dataSource.query(sql, [ids]);
}

async function begin(): Promise<ChunkedUpload> {
  return uploads.begin({ body: first, total: 300, fields });
}

async function expired(): Promise<ChunkedUpload> {
  const upload = await begin();
  await expire(upload.id);
  return upload;
}

async function stored(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list('')) keys.push(key);
  return keys;
}

const ids = async () => (await uploads.find()).map(({ id }) => id);

describe('removeExpired', () => {
  it('removes record and bytes of what has expired, and tells how much it was', async () => {
    const gone = [await expired(), await expired()];
    const live = await begin();
    const complete = await ann.file(file);
    expect(await uploads.removeExpired()).toEqual({ ...NOTHING, removed: 2, bytes: 200 });
    expect(await ids()).toEqual([live.id, complete.id]);
    expect(await stored()).toHaveLength(2);
    expect(await ann.get(gone[0]?.id ?? '')).toMatchObject({ status: 404 });
    expect(await uploads.removeExpired()).toEqual(NOTHING);
  });

  it('never removes a complete upload, even if its row says a time of expiry', async () => {
    const { id } = await ann.file(file);
    await expire(id);
    expect(await uploads.removeExpired({ unfinished: true })).toEqual(NOTHING);
    expect((await ann.download(id)).bytes.equals(file)).toBe(true);
  });

  it('leaves one alone that is being written, also when it has expired meanwhile', async () => {
    const { id } = await begin();
    const body = new HeldBody(file.subarray(100, 200), file.subarray(200));
    const appending = uploads.append(id, { body, offset: 100 });
    const leased = 'SELECT 1 FROM chunked_upload WHERE id = $1 AND lease_until > now()';
    await until('a writer', async () => (await host.dataSource.query(leased, [id])).length === 1);
    await expire(id);
    expect(await uploads.removeExpired({ unfinished: true })).toEqual(NOTHING);
    body.release();
    expect((await appending).offset).toBe(300);
    expect(await uploads.removeExpired()).toMatchObject({ removed: 1, bytes: 300 });
  });

  it('leaves one alone whose row a completion has locked', async () => {
    const { id } = await expired();
    await host.dataSource.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM chunked_upload WHERE id = $1 FOR UPDATE', [id]);
      expect(await uploads.removeExpired()).toEqual(NOTHING);
    });
    expect(await uploads.removeExpired()).toMatchObject({ removed: 1 });
  });

  it('takes one whose writer died, when the lease has run out', async () => {
    const { id } = await expired();
    const lease = (ends: string) =>
      host.dataSource.query(
        `UPDATE chunked_upload SET lease_token = $2, lease_until = now() + interval '${ends}' WHERE id = $1`,
        [id, randomUUID()],
      );
    await lease('1 minute');
    expect(await uploads.removeExpired()).toEqual(NOTHING);
    await lease('-1 second');
    expect(await uploads.removeExpired()).toMatchObject({ removed: 1 });
  });

  it('keepRecord removes the bytes and leaves an aborted record, for good', async () => {
    const { id } = await expired();
    expect(await uploads.removeExpired({ keepRecord: true })).toMatchObject({ removed: 1 });
    expect(await stored()).toEqual([]);
    expect(await uploads.findOne(id)).toMatchObject({ status: Aborted, expiresAt: null });
    expect(await uploads.removeExpired({ unfinished: true })).toEqual(NOTHING);
    const late = await ann.put('bytes 100-299/300', file.subarray(100), { id });
    expect(late.status).toBe(404);
    expect((await uploads.findOne(id)).status).toBe(Aborted);
  });

  it('unfinished takes those too that have not expired, or never do', async () => {
    const kept = await ann.file(file);
    const eternal = await begin();
    await host.dataSource.query('UPDATE chunked_upload SET expires_at = NULL WHERE id = $1', [
      eternal.id,
    ]);
    await begin();
    expect(await uploads.removeExpired()).toEqual(NOTHING);
    expect(await uploads.removeExpired({ unfinished: true })).toMatchObject({ removed: 2 });
    expect(await ids()).toEqual([kept.id]);
  });

  it('dryRun tells what would go and changes nothing', async () => {
    const { id } = await expired();
    const reported: Removal<ChunkedUpload>[] = [];
    const report = (removal: Removal<ChunkedUpload>) => void reported.push(removal);
    const result = await uploads.removeExpired({ dryRun: true, report });
    expect(result).toEqual({ ...NOTHING, removed: 1, bytes: 100 });
    expect(reported).toMatchObject([{ upload: { id }, reason: 'expired', failure: null }]);
    expect((await uploads.findOne(id)).status).toBe(Incomplete);
    expect(await stored()).toHaveLength(1);
  });

  it('confirm is asked for each, and leaves alone what it declines', async () => {
    const [one, two] = [await expired(), await expired()];
    const asked: string[] = [];
    const confirm = ({ id }: ChunkedUpload) => asked.push(id) === 2;
    expect(await uploads.removeExpired({ confirm })).toMatchObject({ removed: 1, declined: 1 });
    expect(asked.toSorted()).toEqual([one.id, two.id].toSorted());
    expect(await ids()).toEqual([asked[0]]);
  });

  it('sees each once in batches, those of one instant too', async () => {
    const all = await Promise.all(Array.from({ length: 7 }, begin));
    await expire(...all.map(({ id }) => id));
    expect(await uploads.removeExpired({ batchSize: 2, dryRun: true })).toMatchObject({
      removed: 7,
    });
    expect(await uploads.removeExpired({ batchSize: 2 })).toMatchObject({ removed: 7 });
  });

  it('one that fails does not stop the others, and is found by the next run', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, begin));
    await expire(...all.map(({ id }) => id));
    storage.failNext('remove', new Error('no such bucket'));
    const result = await uploads.removeExpired({ batchSize: 2 });
    expect(result).toMatchObject({ removed: 4, failed: 1, failure: { code: 'unavailable' } });
    const [left] = await uploads.find();
    expect(left?.status).toBe(Aborted);
    expect(await uploads.removeExpired()).toMatchObject({ removed: 1, failed: 0 });
    expect(await stored()).toEqual([]);
  });

  it('tries each once while the storage is away', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, begin));
    await expire(...all.map(({ id }) => id));
    let tries = 0;
    storage.fault = (operation) => {
      if (operation !== 'remove') return;
      tries += 1;
      throw new Error('away');
    };
    const result = await uploads.removeExpired({ batchSize: 2 });
    expect(result).toMatchObject({ removed: 0, failed: 5 });
    expect(tries).toBe(5);
    storage.fault = null;
    expect(await uploads.removeExpired()).toMatchObject({ removed: 5 });
  });

  it('finishes what a DELETE began whose storage was away', async () => {
    const { id } = await begin();
    storage.failNext('remove', new Error('away'));
    expect((await ann.as(null).delete(id)).status).toBe(503);
    await host.dataSource.query("UPDATE chunked_upload SET lease_until = now() - interval '1 s'");
    expect(await uploads.removeExpired()).toMatchObject({ removed: 1 });
    expect(await stored()).toEqual([]);
  });

  it('leaves records alone that were aborted, and kept, on purpose', async () => {
    const { id } = await begin();
    expect((await uploads.abort(id)).expiresAt).toBeNull();
    expect(await uploads.removeExpired({ unfinished: true })).toEqual(NOTHING);
    expect((await uploads.findOne(id)).status).toBe(Aborted);
  });

  it('stops after its batch when it is told to', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, begin));
    await expire(...all.map(({ id }) => id));
    const stop = new AbortController();
    const report = () => stop.abort();
    const result = await uploads.removeExpired({ batchSize: 2, report, signal: stop.signal });
    expect(result.removed).toBe(2);
  });

  it('finds what has expired by the index', async () => {
    const plans = await host.dataSource.transaction(async (manager) => {
      await manager.query('SET LOCAL enable_seqscan = off');
      const queries: string[] = [];
      const { logger } = host.dataSource;
      host.dataSource.logger = {
        ...logger,
        logQuery: (sql: string) => void queries.push(sql),
      };
      await uploads.removeExpired({ dryRun: true });
      host.dataSource.logger = logger;
      const [sql = ''] = queries.filter((query) => query.includes('cu_expires_at'));
      return JSON.stringify(await manager.query(`EXPLAIN ${sql}`, [100]));
    });
    expect(plans).toContain('Index Cond: (expires_at <= ');
  });
});

describe('reconcile', () => {
  const grace = 0;

  async function stray(): Promise<string> {
    const { id, key } = await begin();
    await host.dataSource.query('DELETE FROM chunked_upload WHERE id = $1', [id]);
    return key;
  }

  it('removes bytes that have no record, and nothing else', async () => {
    const live = await begin();
    const complete = await ann.file(file);
    const { id: otherId } = await others.begin({ body: first, fields });
    const [key] = [await stray()];
    expect(await stored()).toContain(key);
    expect(await uploads.reconcile({ grace })).toEqual({
      removed: 1,
      bytes: 100,
      failed: 0,
      missing: 0,
    });
    expect(await stored()).toHaveLength(3);
    expect(await stored()).not.toContain(key);
    expect((await uploads.append(live.id, { body: file.subarray(100), offset: 100 })).offset).toBe(
      300,
    );
    expect((await ann.download(complete.id)).bytes.equals(file)).toBe(true);
    await others.remove(otherId);
  });

  it('dryRun removes nothing and tells the keys', async () => {
    const key = await stray();
    const found: unknown[] = [];
    const report = (finding: unknown) => void found.push(finding);
    const result = await uploads.reconcile({ grace, dryRun: true, report });
    expect(result).toMatchObject({ removed: 1, bytes: 100 });
    expect(found).toMatchObject([{ kind: 'stray', key, size: 100, failure: null }]);
    expect(await stored()).toEqual([key]);
    await uploads.reconcile({ grace });
  });

  it('lets go of a listing that it does not come to the end of', async () => {
    let isOpen = true;
    vi.spyOn(storage, 'list').mockImplementation(async function* () {
      try {
        for (let count = 0; count < 1000; count += 1) {
          const key = `chunked_uploads/${randomUUID()}.part`;
          yield { key, size: 1, modifiedAt: new Date(0) };
        }
      } finally {
        isOpen = false;
      }
    });
    const report = () => {
      throw new Error('no');
    };
    await expect(uploads.reconcile({ grace, report })).rejects.toThrow('no');
    vi.restoreAllMocks();
    expect(isOpen).toBe(false);
  });

  it('leaves bytes alone for an hour after the last of them came', async () => {
    await stray();
    expect(await uploads.reconcile()).toMatchObject({ removed: 0 });
    expect(await uploads.reconcile({ grace: '59m' })).toMatchObject({ removed: 0 });
    expect(await uploads.reconcile({ grace })).toMatchObject({ removed: 1 });
  });

  it.each(['', -1, 'soon', Number.NaN])('refuses a grace of %j', async (wrong) => {
    await expect(uploads.reconcile({ grace: wrong })).rejects.toThrow('"grace"');
  });

  it('leaves a first chunk alone that is being received, and has no record yet', async () => {
    const body = new HeldBody(first, file.subarray(100));
    const beginning = uploads.begin({ body, total: 300, fields });
    await until('the first bytes', async () => (await stored()).length === 1);
    expect(await uploads.reconcile({ grace })).toMatchObject({ removed: 0 });
    // The other type shares storage and folder, but not the writers.
    expect(await others.reconcile({ grace })).toMatchObject({ removed: 0 });
    body.release();
    const { id } = await beginning;
    expect((await uploads.complete(id, { checksum: md5(file) })).upload.status).toBe(Complete);
  });

  it('removes what came back of an aborted upload whose record is kept', async () => {
    const { id, key } = await begin();
    await uploads.abort(id);
    const bytes = { key, finalKey: key, storageState: null };
    const writer = await storage.open(bytes, {
      offset: 0,
      length: null,
      total: null,
      token: randomUUID(),
      attempt: 1,
      contested: false,
    });
    await writer.write([first]);
    expect(await uploads.reconcile({ grace })).toMatchObject({ removed: 1 });
    expect((await uploads.findOne(id)).status).toBe(Aborted);
  });

  it('one that cannot be removed does not stop the others', async () => {
    await stray();
    await stray();
    storage.failNext('remove', new Error('away'));
    expect(await uploads.reconcile({ grace })).toMatchObject({ removed: 1, failed: 1 });
    expect(await uploads.reconcile({ grace })).toMatchObject({ removed: 1, failed: 0 });
  });

  it('tells of records without bytes, and leaves them as they are', async () => {
    const unfinished = await begin();
    const { id } = await ann.file(file);
    const complete = await uploads.findOne(id);
    await begin();
    for (const upload of [unfinished, complete]) await storage.remove(upload);
    const found: unknown[] = [];
    const report = (finding: unknown) => void found.push(finding);
    expect(await uploads.reconcile({ report })).toMatchObject({ removed: 0, missing: 2 });
    expect(found).toHaveLength(2);
    expect(found).toContainEqual({
      kind: 'missing',
      id: unfinished.id,
      key: unfinished.key,
      status: Incomplete,
      size: 100,
    });
    expect(found).toContainEqual({
      kind: 'missing',
      id,
      key: complete.finalKey,
      status: Complete,
      size: 300,
    });
    expect(await uploads.findOne(unfinished.id)).toEqual(unfinished);
    expect((await uploads.findOne(id)).status).toBe(Complete);
  });

  it('fails, and removes nothing, while storage or database is away', async () => {
    await stray();
    storage.failNext('list', new Error('away'));
    await expect(uploads.reconcile({ grace })).rejects.toMatchObject({ code: 'unavailable' });
    expect(await stored()).toHaveLength(1);
    await uploads.reconcile({ grace });
  });
});

describe('reconcile on a disk', () => {
  it("never touches other people's files, whatever they are called", async () => {
    await withHost(
      { types: [{ path: 'other', entity: Other }] },
      async ({ root, uploads: own }) => {
        const old = new Date(Date.now() - 7_200_000);
        const put = async (path: string): Promise<void> => {
          await mkdir(dirname(join(root, path)), { recursive: true });
          await writeFile(join(root, path), 'bytes');
          await utimes(join(root, path), old, old);
        };
        const foreign = [
          `${randomUUID()}.part.bin`,
          `avatars/${randomUUID()}.done.png`,
          `chunked_uploads_2/${randomUUID()}.part.bin`,
          'chunked_uploads/2026/01/01/readme.txt',
          'chunked_uploads/2026/01/01/a.part.bin',
          `chunked_uploads/2026/01/01/${randomUUID()}.bin`,
          `chunked_uploads/2026/01/01/${randomUUID()}.part.bin.bak`,
          `chunked_uploads/2026/01/01/x${randomUUID()}.part`,
          `chunked_uploads/2026/01/01/${randomUUID().toUpperCase()}.part`,
        ];
        const lost = [
          `chunked_uploads/2026/01/01/${randomUUID()}.part`,
          `chunked_uploads/2026/01/02/${randomUUID()}.done.bin`,
        ];
        const young = `chunked_uploads/2026/01/02/${randomUUID()}.part`;
        for (const path of [...foreign, ...lost, young]) await put(path);
        await writeFile(join(root, young), 'more bytes');
        const found: string[] = [];
        const result = await own.reconcile({
          report: (finding) => void found.push(finding.key),
        });
        expect(result).toEqual({ removed: 2, bytes: 10, failed: 0, missing: 0 });
        expect(found.toSorted()).toEqual(lost.toSorted());
        expect(await storedFiles(root)).toEqual([...foreign, young].toSorted());
      },
    );
  });

  it('removes what a late writer has left where an upload was before it had its name', async () => {
    await withHost({}, async ({ root, uploads: own }) => {
      const created = await own.create({ total: 300, fields: { filename: '' } });
      const { id } = created;
      const named = await own.append(id, { offset: 0, body: first, filename: 'a.bin' });
      expect(named.key).not.toBe(created.key);
      await writeFile(join(root, created.key), 'late');
      // A copy that somebody keeps there is nobody's business.
      const copy = join(dirname(created.key), 'copies', named.key.slice(named.key.indexOf(id)));
      await mkdir(dirname(join(root, copy)));
      await writeFile(join(root, copy), 'copy');
      expect(await own.reconcile({ grace: 0 })).toMatchObject({ removed: 1, bytes: 4, missing: 0 });
      expect(await storedFiles(root)).toEqual([copy, named.key].toSorted());
    });
  });

  it('is done before the first upload too', async () => {
    const empty = new LocalDiskStorage({ root: join(host.root, 'not', 'there') });
    await withHost({ upload: { storage: empty } }, async ({ uploads: own }) => {
      expect(await own.reconcile()).toMatchObject({ removed: 0, missing: 0 });
    });
  });
});

describe('cleanup', () => {
  it('removes what has expired by itself, of each type, and stops with the application', async () => {
    const types = [{ path: 'other', entity: Other, expiresIn: 10 }];
    const upload = { cleanup: { every: 1000 }, expiresIn: 10 };
    await withHost({ upload, types }, async ({ app, url, root, uploads: own }) => {
      const service = app.get<ChunkedUploadService<Other>>(getChunkedUploadToken(Other), {
        strict: false,
      });
      const { id } = await own.begin({ body: first, total: 300, fields });
      await service.begin({ body: first, total: 300, fields });
      const complete = await new UploadClient(`${url}/uploads`).whole(file, {
        query: { md5: md5(file) },
      });
      expect(complete.status).toBe(200);
      await until('the clean-up', async () => (await storedFiles(root)).length === 1);
      await until('the records', async () => {
        return (await service.find()).length + (await own.find()).length === 1;
      });
      await expect(own.findOne(id)).rejects.toMatchObject({ code: 'not_found' });
      expect((await own.find()).map(({ status }) => status)).toEqual([Complete]);
    });
  });
});
