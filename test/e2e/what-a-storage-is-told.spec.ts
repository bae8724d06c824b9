import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type FinishOptions,
  LocalDiskStorage,
  type OpenOptions,
  type StorageWriter,
  type StoredFile,
} from 'nestjs-chunked-upload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

// A storage of one's own cuts its parts by the length that is announced, and looks for what a writer
// left behind only where there may be any.

const file = sample(300);
const WRONG_DIGEST = { 'content-md5': Buffer.from(md5(sample(3)), 'hex').toString('base64') };

/** Remembers what it was told. */
class WatchedDisk extends LocalDiskStorage {
  readonly opened: OpenOptions[] = [];
  readonly finished: (FinishOptions & { readonly size: number })[] = [];

  override async open(stored: StoredFile, options: OpenOptions): Promise<StorageWriter> {
    this.opened.push(options);
    return super.open(stored, options);
  }

  override async finish(stored: StoredFile, size: number, options: FinishOptions) {
    this.finished.push({ ...options, size });
    return super.finish(stored, size, options);
  }
}

let root: string;
let storage: WatchedDisk;
let host: Host;
let ann: UploadClient;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'told-'));
  storage = new WatchedDisk({ root });
  host = await startHost({ upload: { cleanup: false, storage } });
  ann = new UploadClient(`${host.url}/uploads`);
});
afterAll(async () => {
  await host?.close();
  await rm(root, { recursive: true, force: true });
});

/** The call of `open` that was the last. */
const opened = () => storage.opened.at(-1);

const begun = async (total: number | '*' = 300) =>
  (await ann.begin(file.subarray(0, 100), total)).id;

/** A chunk whose bytes are written, and refused. */
async function refusedChunk(id: string): Promise<void> {
  const options = { id, headers: WRONG_DIGEST };
  const answer = await ann.put('bytes 100-199/300', file.subarray(100, 200), options);
  expect(answer).toMatchObject({ status: 400, detail: 'Content-MD5 does not match the chunk' });
}

/** A chunk that breaks off before its first byte. */
async function emptyChunk(id: string): Promise<void> {
  async function* body(): AsyncGenerator<Uint8Array> {
    yield* [];
    throw new Error('gone');
  }
  const appended = host.uploads.append(id, { offset: 100, total: 300, body: body() });
  await expect(appended).rejects.toMatchObject({ code: 'interrupted' });
}

const append = async (id: string) => ann.put('bytes 100-299/300', file.subarray(100), { id });

describe('A storage is told how long a chunk is', () => {
  it('by its Content-Range, of the first one and of the next', async () => {
    const id = await begun();
    expect(opened()).toMatchObject({ offset: 0, length: 100, total: 300 });
    const range = 'bytes 100-149/300';
    expect((await ann.put(range, file.subarray(100, 150), { id })).status).toBe(200);
    expect(opened()).toMatchObject({ offset: 100, length: 50, total: 300 });
    const form = { id, form: {} };
    expect((await ann.put('bytes 150-299/300', file.subarray(150), form)).status).toBe(200);
    expect(opened()).toMatchObject({ offset: 150, length: 150, total: 300 });
  });

  it('where nobody knows how long the file is, too', async () => {
    const id = await begun('*');
    expect(opened()).toMatchObject({ offset: 0, length: 100, total: null });
    expect((await ann.put('bytes 100-199/*', file.subarray(100, 200), { id })).status).toBe(200);
    expect(opened()).toMatchObject({ offset: 100, length: 100, total: null });
  });

  it('by its Content-Length, of a whole file', async () => {
    const options = { query: { md5: md5(file) } };
    expect((await ann.whole(file, options)).status).toBe(200);
    expect(opened()).toMatchObject({ offset: 0, length: 300, total: 300, attempt: 1 });
  });

  it('null where nobody said it', async () => {
    const id = await begun();
    await host.uploads.append(id, { offset: 100, total: 300, body: file.subarray(100) });
    expect(opened()).toMatchObject({ offset: 100, length: null, total: 300 });
  });
});

describe('A storage is told how many writers there were since one committed', () => {
  it('one, where each of them did', async () => {
    const id = await begun();
    expect(opened()).toMatchObject({ attempt: 1, contested: false });
    await append(id);
    expect(opened()).toMatchObject({ attempt: 1, contested: false });
    expect((await ann.complete(id, md5(file))).status).toBe(200);
    expect(storage.finished.at(-1)).toMatchObject({ size: 300, attempt: 1, contested: false });
  });

  it('one more for each that has written and was refused; none after the next commit', async () => {
    const id = await begun();
    await refusedChunk(id);
    await refusedChunk(id);
    expect(opened()).toMatchObject({ attempt: 2, contested: false });
    expect((await ann.put('bytes 100-199/300', file.subarray(100, 200), { id })).status).toBe(200);
    expect(opened()).toMatchObject({ attempt: 3, contested: false });
    expect((await ann.put('bytes 200-299/300', file.subarray(200), { id })).status).toBe(200);
    expect(opened()).toMatchObject({ attempt: 1, contested: false });
  });

  it('none for one that has written nothing', async () => {
    const id = await begun();
    await emptyChunk(id);
    await emptyChunk(id);
    expect(opened()).toMatchObject({ offset: 100, attempt: 1 });
    await refusedChunk(id);
    await emptyChunk(id);
    // Nor is the one before it forgotten.
    await append(id);
    expect(opened()).toMatchObject({ attempt: 2, contested: false });
  });

  it('when it finishes a file as well, however often that was refused', async () => {
    const bytes = file.subarray(0, 100);
    const { id } = await ann.begin(bytes, '*');
    await refusedChunk(id);
    expect((await ann.complete(id, md5(sample(3)))).status).toBe(400);
    expect((await ann.complete(id, md5(sample(3)))).status).toBe(400);
    expect((await ann.complete(id, md5(bytes))).status).toBe(200);
    expect(storage.finished.at(-1)).toMatchObject({ size: 100, attempt: 2, contested: false });
    expect((await ann.download(id)).bytes.equals(bytes)).toBe(true);
  });
});
