import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChunkedUpload,
  LocalDiskStorage,
  type OpenOptions,
  type StorageWriter,
  type StoredFile,
} from 'nestjs-chunked-upload';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { thisHolder } from '../../src/chunked-upload/engine/lease-holder.js';
import { type TestDatabase, createDatabase, executeOn } from '../support/database.js';
import { HeldBody } from '../support/held-body.js';
import { type Host, startHost } from '../support/host.js';
import { storedFiles } from '../support/stored-files.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

// A lease may run out although its writer is known to have ended. Only beside one that may still run
// the next one begins a file of its own, with a copy of all that is there.

const file = sample(300);

/** Remembers how it was opened. */
class WatchedDisk extends LocalDiskStorage {
  readonly opened: OpenOptions[] = [];

  override async open(stored: StoredFile, options: OpenOptions): Promise<StorageWriter> {
    this.opened.push(options);
    return super.open(stored, options);
  }
}

let database: TestDatabase;
let line: TcpProxy;
let root: string;
let storage: WatchedDisk;
let host: Host;
let id: string;

beforeAll(async () => {
  database = await createDatabase();
  line = await TcpProxy.to(database.url);
  root = await mkdtemp(join(tmpdir(), 'ran-out-'));
  storage = new WatchedDisk({ root });
  host = await startHost({
    upload: { cleanup: false, leaseTime: '1s', callTimeout: '1s', storage },
    database: { url: line.url },
  });
});
afterAll(async () => {
  await host.close();
  await line.cut();
  await database.drop();
  await rm(root, { recursive: true, force: true });
});

beforeEach(async () => {
  const fields = { filename: 'a.bin' };
  const begun = await host.uploads.begin({ body: file.subarray(0, 100), total: 300, fields });
  ({ id } = begun);
});

/** A lease of this holder that ran out a moment ago. */
async function leaveLease(holder: string | null): Promise<string> {
  const token = randomUUID();
  await executeOn(
    database.url,
    `UPDATE chunked_upload SET lease_token = '${token}', attempt = 1,
       lease_holder = ${holder === null ? 'NULL' : `'${holder}'`},
       lease_until = clock_timestamp() - interval '1 second' WHERE id = '${id}'`,
  );
  return token;
}

const append = async (offset: number, end: number) =>
  host.uploads.append(id, { offset, total: 300, body: file.subarray(offset, end) });

const ownFiles = async () =>
  (await storedFiles(root)).filter((name) => name.includes(id) && name.includes('.writers'));

/** A process that ran here before: its id may have been given to another one since. */
function deadHolder(): string {
  const [boot, namespace, pid, start] = (thisHolder() ?? '').split(' ');
  return `${boot} ${namespace} ${pid} ${Number(start) - 1}`;
}

/** A chunk that its sender breaks off before its first byte. */
async function breakOff(offset: number): Promise<void> {
  const opened = storage.opened.length;
  let breaking = (): void => undefined;
  const broken = new Promise<void>((resolve) => {
    breaking = resolve;
  });
  async function* body(): AsyncGenerator<Uint8Array> {
    await broken;
    yield* [];
    throw new Error('gone');
  }
  const appended = host.uploads.append(id, { offset, total: 300, body: body() });
  await until('it is opened', () => storage.opened.length > opened);
  breaking();
  await expect(appended).rejects.toThrow();
}

describe('After a lease that ran out', () => {
  it('of a process that has died the next writer goes on in the same file, and has its name in the lease', async () => {
    await leaveLease(deadHolder());
    const body = new HeldBody(file.subarray(100, 200), file.subarray(200));
    const appended = host.uploads.append(id, { offset: 100, total: 300, body });
    await until('it is opened', () => storage.opened.at(-1)?.offset === 100);
    expect(storage.opened.at(-1)).toMatchObject({ contested: false, attempt: 2 });
    const row = await host.dataSource.manager.findOneByOrFail(ChunkedUpload, { id });
    expect(row.leaseHolder).toBe(thisHolder());
    body.release();
    expect((await appended).offset).toBe(300);
    expect(await ownFiles()).toEqual([]);
  });

  it('of a writer of this process that ended while the database was away so does it', async () => {
    const body = new HeldBody(file.subarray(100, 200), file.subarray(200));
    const appended = host.uploads.append(id, { offset: 100, total: 300, body });
    await until('it is opened', () => storage.opened.at(-1)?.offset === 100);
    const failed = expect(appended).rejects.toThrow();
    await line.cut();
    await sleep(1100);
    body.release();
    await failed;
    await line.open();
    await until('the next one has gone on', async () =>
      append(100, 300).then(
        ({ offset }) => offset === 300,
        () => false,
      ),
    );
    expect(storage.opened.at(-1)).toMatchObject({ contested: false, attempt: 2 });
    expect(await ownFiles()).toEqual([]);
  });

  it.each([
    ['of a writer that may still run', () => thisHolder()],
    ['of one that nobody knows', () => null],
    ['of a process on another machine', () => 'other-boot pid:[1] 7 7'],
  ])('%s the next one begins a file of its own', async (_, holder) => {
    await leaveLease(holder());
    await append(100, 200);
    expect(storage.opened.at(-1)).toMatchObject({ contested: true });
    expect(await ownFiles()).toHaveLength(1);
    await append(200, 300);
    expect(storage.opened.at(-1)).toMatchObject({ contested: false });
  });
});

describe('A writer that has begun a file of its own', () => {
  it('has the next one go on in it, although it kept no byte', async () => {
    await leaveLease(thisHolder());
    await breakOff(100);
    expect(storage.opened.at(-1)).toMatchObject({ contested: true });
    expect((await host.uploads.findOne(id))?.offset).toBe(100);
    await breakOff(100);
    expect(storage.opened.at(-1)).toMatchObject({ contested: false });
    await append(100, 300);
    expect(storage.opened.at(-1)).toMatchObject({ contested: false });
    const completed = await host.uploads.complete(id, { checksum: md5(file) });
    expect(completed.upload.offset).toBe(300);
    expect(await ownFiles()).toEqual([]);
  });

  it('says nothing of its request before that one is taken', async () => {
    const row = async () => {
      const sql = 'SELECT * FROM chunked_upload WHERE id = $1';
      const [found] = await host.dataSource.query<Record<string, unknown>[]>(sql, [id]);
      return found ?? {};
    };
    const before = await row();
    await leaveLease(thisHolder());
    await breakOff(100);
    const { storage_state: state, ...after } = await row();
    expect(before['storage_state']).toBeNull();
    expect(state).toMatchObject({ before: null });
    expect({ ...after, storage_state: null, attempt: 0 }).toEqual(before);
  });
});
