import { request } from 'node:http';
import { S3Storage, type S3StorageOptions } from 'nestjs-chunked-upload/s3';
import { S3Double } from 'nestjs-chunked-upload/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestDatabase, createDatabase } from '../support/database.js';
import { HeldBody } from '../support/held-body.js';
import { type Host, startBeside, startHost } from '../support/host.js';
import { r2Name } from '../support/store-options.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { type Answer, UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

// What a client sees of an S3 store that is in trouble: two applications over one store.

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const TIB = 1024 * GIB;
const BUCKET = 'uploads';
const PROTOCOLS = ['content-range', 'tus', 'resumable-http', 'filepond'] as const;

const file = sample(300 * KIB);
const sum = md5(file);
const half = 100 * KIB;
const REST = `bytes ${half}-${file.length - 1}/${file.length}`;

let double: S3Double;
let store: TcpProxy;
let database: TestDatabase;
let line: TcpProxy;
let hosts: Host[] = [];

beforeEach(async () => {
  double = await S3Double.start({ mode: 'ceph', buckets: [BUCKET] });
  store = await TcpProxy.to(double.endpoint);
  database = await createDatabase();
  line = await TcpProxy.to(database.url);
});
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.close();
  await line.cut();
  await store.cut();
  await double.close();
  await database.drop();
});

/** Clients of two applications. */
async function start(
  options: Partial<S3StorageOptions> = {},
): Promise<[UploadClient, UploadClient]> {
  const { region, credentials } = double;
  const place = { bucket: BUCKET, region, credentials, endpoint: store.url };
  const settings = () => ({
    database: { url: line.url } as object,
    upload: {
      storage: new S3Storage({ ...place, ...options } as S3StorageOptions),
      protocols: PROTOCOLS,
    },
  });
  const first = await startHost(settings());
  hosts.push(first);
  const second = await startBeside(first, settings());
  hosts.push(second);
  const clientOf = ({ url }: Host) => new UploadClient(`${url}/uploads`);
  return [clientOf(first), clientOf(second)];
}

/** What is answered when a byte of the body has been sent: its status, and what it says. */
function sayFirst(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers: { 'x-user': 'ann', ...headers } }, (answer) => {
      answer.setEncoding('utf8').once('data', (text: string) => {
        resolve(`${answer.statusCode} ${text}`);
        asked.destroy();
      });
    });
    asked.on('error', reject);
    asked.write('x');
  });
}

async function textOf(answer: Response): Promise<string> {
  return `${answer.status} ${await answer.text()}`;
}

function expectAway(answer: Answer): void {
  expect(answer).toMatchObject({ status: 503, body: { detail: expect.any(String) } });
  expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
}

/** What is stored, but for the finished files of these. */
function others(...ids: readonly string[]): unknown[] {
  return double.stored(BUCKET).filter(({ key }) => !ids.some((id) => key.includes(`${id}.done`)));
}

describe('A store that is away', () => {
  it('is a 503 with Retry-After to whatever needs it; what does not is answered; all goes on', async () => {
    const [ann, again] = await start();
    const { id } = await ann.begin(file.subarray(0, half), file.length);
    const { id: other } = await ann.begin(file.subarray(0, half), file.length);
    const { id: full } = await ann.begin(file, file.length);
    const { id: done } = await ann.file(file);
    await store.cut();
    const needing = [
      () => ann.put(`bytes 0-${half - 1}/${file.length}`, file.subarray(0, half)),
      () => ann.put(REST, file.subarray(half), { id }),
      () => again.put(REST, file.subarray(half), { id: other, form: {} }),
      () => again.complete(full, sum),
      () => ann.whole(file, { query: { md5: sum } }),
      () => ann.send('GET', { id: `${done}/file` }),
    ];
    for (const answer of await Promise.all(needing.map((each) => each()))) expectAway(answer);
    // By tus it would be completed now, and its client begins anew after a 503.
    const asked = await ann.send('HEAD', { id: full, headers: { 'tus-resumable': '1.0.0' } });
    expect(asked.status).toBe(423);
    expect(asked.headers.get('retry-after')).toBe('1');
    for (const client of [ann, again]) {
      expect((await client.get(id)).upload).toMatchObject({ offset: half, status: 1 });
      expect((await client.head(id)).headers.get('upload-offset')).toBe(String(half));
      expect(await client.list()).toHaveLength(4);
    }
    await store.open();
    for (const each of [id, other]) {
      expect((await again.put(REST, file.subarray(half), { id: each })).status).toBe(200);
    }
    for (const each of [id, other, full]) {
      expect((await ann.complete(each, sum)).status).toBe(200);
      expect((await again.download(each)).bytes.equals(file)).toBe(true);
    }
    expect((await again.download(done)).bytes.equals(file)).toBe(true);
    for (const each of [id, other, full, done]) expect((await ann.delete(each)).status).toBe(204);
    expect(others()).toEqual([]);
  });

  it('in the midst of a chunk costs what was not acknowledged', async () => {
    const [ann, again] = await start();
    const large = sample(24 * MIB);
    const chunk = 8 * MIB;
    const range = (from: number) => `bytes ${from}-${large.length - 1}/${large.length}`;
    const { id } = await ann.begin(large.subarray(0, chunk), large.length);
    const sent = double.log.length;
    const body = new HeldBody(large.subarray(chunk, 20 * MIB), large.subarray(20 * MIB));
    const answer = fetch(`${ann.url}/${id}`, {
      method: 'PUT',
      headers: { 'x-user': 'ann', 'content-range': range(chunk) },
      body: body as unknown as ReadableStream,
      duplex: 'half',
    } as RequestInit);
    await until('a part is stored', () =>
      double.log.slice(sent).some(({ operation }) => operation === 'UploadPart'),
    );
    await store.cut();
    body.release();
    expect((await answer).status).toBe(503);
    await store.open();
    const offset = await again.offset(id);
    expect(offset).toBeGreaterThanOrEqual(chunk);
    expect((await again.put(range(offset), large.subarray(offset), { id })).status).toBe(200);
    expect((await ann.complete(id, md5(large))).status).toBe(200);
    expect((await again.download(id)).bytes.equals(large)).toBe(true);
    await until('nothing else is left', () => others(id).length === 0);
  });
});

describe('A database that is away', () => {
  it('is a 503 with Retry-After, and the bytes in the store are gone on from', async () => {
    const [ann, again] = await start();
    const { id } = await ann.begin(file.subarray(0, half), file.length);
    await line.cut();
    expectAway(await ann.put(REST, file.subarray(half), { id }));
    expectAway(await again.complete(id, sum));
    expectAway(await ann.get(id));
    await line.open();
    expect((await again.put(REST, file.subarray(half), { id })).status).toBe(200);
    expect((await ann.complete(id, sum)).status).toBe(200);
    expect((await again.download(id)).bytes.equals(file)).toBe(true);
    expect(others(id)).toEqual([]);
  });
});

describe('A download', () => {
  it('asks the store for what it was asked for, and for nothing else', async () => {
    const [ann] = await start();
    const { id } = await ann.file(file);
    const before = double.log.length;
    const part = await ann.download(id, { range: 'bytes=1000-1999' });
    expect(part.status).toBe(206);
    expect(part.bytes.equals(file.subarray(1000, 2000))).toBe(true);
    const asked = double.log.slice(before).filter(({ sent }) => sent > 0);
    expect(asked).toMatchObject([
      { operation: 'GetObject', headers: { range: 'bytes=1000-1999' }, sent: 1000 },
    ]);
  });
});

describe('A file that is too large for the store', () => {
  const TOTAL = 10 * GIB + 1;
  /** How each client says how large its file will be. */
  const announcements: Record<string, (url: string, total: number) => Promise<string>> = {
    'a first chunk': (url, total) =>
      sayFirst(`${url}?filename=a.txt`, 'PUT', {
        'content-range': `bytes 0-0/${total}`,
        'content-type': 'application/octet-stream',
        'content-length': '1',
      }),
    'a chunk of nothing': (url, total) =>
      fetch(`${url}?filename=a.txt`, {
        method: 'PUT',
        headers: { 'x-user': 'ann', 'content-range': `bytes */${total}` },
      }).then(textOf),
    tus: (url, total) =>
      fetch(url, {
        method: 'POST',
        headers: { 'x-user': 'ann', 'tus-resumable': '1.0.0', 'upload-length': String(total) },
      }).then(textOf),
    'the draft': (url, total) =>
      sayFirst(`${url}?filename=a.txt`, 'POST', {
        'upload-draft-interop-version': '8',
        'upload-complete': '?0',
        'upload-length': String(total),
        'content-length': '1',
      }),
    'the draft, in one request': (url, total) =>
      sayFirst(`${url}?filename=a.txt`, 'POST', {
        'upload-draft-interop-version': '8',
        'upload-complete': '?1',
        'content-length': String(total),
      }),
    FilePond: (url, total) => {
      const body = new FormData();
      body.append('filepond', '{}');
      const headers = { 'x-user': 'ann', 'upload-length': String(total) };
      return fetch(url, { method: 'POST', headers, body }).then(textOf);
    },
    'a whole file': (url, total) =>
      sayFirst(`${url}?filename=a.txt`, 'POST', {
        'content-type': 'application/octet-stream',
        'content-length': String(total),
      }),
  };

  it('is refused when it begins, however it is announced, and nothing of it is kept', async () => {
    const [ann] = await start({ maxParts: 2 });
    for (const [how, announce] of Object.entries(announcements)) {
      expect(`${how}: ${await announce(ann.url, TOTAL)}`).toMatch(/: 413 /);
    }
    const { headers } = await ann.put(`bytes */${TOTAL}`, Buffer.alloc(0));
    expect(headers.get('retry-after')).toBeNull();
    expect(await ann.list()).toEqual([]);
    expect(others()).toEqual([]);
    // What just fits is not.
    expect((await ann.put(`bytes */${TOTAL - 1}`, Buffer.alloc(0))).status).toBe(200);
  });

  it.each([
    ['most stores', 5 * TIB, (url: string) => url],
    ['R2', 5 * TIB - 5 * GIB, r2Name],
  ])('is one of more than an object can have: %s', async (_, most, nameOf) => {
    const [ann] = await start({ endpoint: nameOf(store.url) });
    expect((await ann.put(`bytes */${most}`, Buffer.alloc(0))).status).toBe(200);
    expect((await ann.put(`bytes */${most + 1}`, Buffer.alloc(0))).status).toBe(413);
  });

  it('is refused when it has grown too large, and what fitted is kept', async () => {
    const [ann, again] = await start({ maxParts: 2 });
    const bytes = sample(13 * MIB);
    const end = 12 * MIB;
    const { id } = await ann.begin(bytes.subarray(0, 6 * MIB), '*');
    const tooMuch = await again.put(
      `bytes ${6 * MIB}-${bytes.length - 1}/*`,
      bytes.subarray(6 * MIB),
      { id },
    );
    expect(tooMuch.status).toBe(413);
    const offset = await ann.offset(id);
    expect(offset).toBeGreaterThanOrEqual(6 * MIB);
    expect(offset).toBeLessThanOrEqual(end);
    const rest = bytes.subarray(offset, end);
    if (rest.length > 0)
      expect((await ann.put(`bytes ${offset}-${end - 1}/${end}`, rest, { id })).status).toBe(200);
    expect((await again.complete(id, md5(bytes.subarray(0, end)))).status).toBe(200);
    expect((await ann.download(id)).bytes.equals(bytes.subarray(0, end))).toBe(true);
  });
});

describe('An upload that somebody else is writing', () => {
  it('is a 423 with Retry-After in each process, and goes on when that has ended', async () => {
    const [ann, again] = await start();
    const { id } = await ann.begin(file.subarray(0, half), file.length);
    const body = new DrippingBody(file.subarray(half));
    const writing = fetch(`${ann.url}/${id}`, {
      method: 'PUT',
      headers: { 'x-user': 'ann', 'content-range': REST },
      body: body as unknown as ReadableStream,
      duplex: 'half',
    } as RequestInit);
    await body.begun;
    for (const client of [ann, again]) {
      const met = await client.put(REST, file.subarray(half), { id });
      expect(met).toMatchObject({
        status: 423,
        detail: expect.stringContaining('Another request'),
      });
      expect(met.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    }
    body.release();
    expect((await writing).status).toBe(200);
    expect((await again.complete(id, sum)).status).toBe(200);
    expect((await ann.download(id)).bytes.equals(file)).toBe(true);
  });
});

/** One that sends a little every moment, until it is told to send the rest. */
class DrippingBody implements AsyncIterable<Uint8Array> {
  readonly begun: Promise<void>;
  #begin!: () => void;
  #isReleased = false;

  constructor(private readonly bytes: Uint8Array) {
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
  }

  release(): void {
    this.#isReleased = true;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    let at = 0;
    for (; !this.#isReleased && at < this.bytes.length - 1; at += 1) {
      yield this.bytes.subarray(at, at + 1);
      if (at === 5) this.#begin();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    yield this.bytes.subarray(at);
  }
}
