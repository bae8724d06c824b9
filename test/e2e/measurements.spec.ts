import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CHUNKED_UPLOAD_CHANNELS,
  type ChunkedUploadMeasurementName,
  LocalDiskStorage,
  type UploadMeasurement,
} from 'nestjs-chunked-upload';
import { FaultInjectingStorage } from 'nestjs-chunked-upload/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { expectInTime } from '../support/in-time.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

/** A writer that has sent nothing for so long is silent. */
const SILENT_MS = 600;

interface Heard extends UploadMeasurement {
  readonly channel: ChunkedUploadMeasurementName;
}

const root = join(tmpdir(), `measurements-${process.pid}`);
const storage = new FaultInjectingStorage(new LocalDiskStorage({ root }));
const names = Object.keys(CHUNKED_UPLOAD_CHANNELS) as ChunkedUploadMeasurementName[];
const file = sample(300);
const first = file.subarray(0, 100);
const rest = file.subarray(100);
const sum = md5(file);

let host: Host;
let client: UploadClient;
const heard: Heard[] = [];
const listeners = names.map((name) => {
  const listen = (message: unknown): void => {
    heard.push({ channel: name, ...(message as object) } as Heard);
  };
  return [CHUNKED_UPLOAD_CHANNELS[name], listen] as const;
});

beforeAll(async () => {
  host = await startHost({ upload: { storage } });
  client = new UploadClient(`${host.url}/uploads`);
});
beforeEach(() => {
  heard.length = 0;
  for (const [channel, listen] of listeners) subscribe(channel, listen);
});
afterEach(() => {
  for (const [channel, listen] of listeners) unsubscribe(channel, listen);
});
afterAll(async () => {
  await host?.close();
  await rm(root, { recursive: true, force: true });
});

/** What came on one channel, without its name; about one upload without its id. */
function on(channel: ChunkedUploadMeasurementName, id?: string): object[] {
  return heard
    .filter((each) => each.channel === channel && (id === undefined || each.id === id))
    .map((each) => {
      const message: { -readonly [K in keyof Heard]?: Heard[K] } = { ...each };
      delete message.channel;
      if (id !== undefined) delete message.id;
      return message;
    });
}

/** A body that sends `bytes` and then nothing until it is ended. */
function open(bytes: Uint8Array): Readable {
  const body = new Readable({ read: () => undefined });
  body.push(bytes);
  return body;
}

/** An upload with a request that writes it, and has sent the next 50 bytes. */
async function beingWritten() {
  const { id } = await client.begin(first, 300);
  heard.length = 0;
  const body = open(rest.subarray(0, 50));
  const written = host.uploads.append(id, { body, offset: 100, length: 200 }).catch(String);
  await until('it writes', () => on('writers', id).length > 0);
  return { id, body, written };
}

describe('Channels tell', () => {
  it('of an upload from its beginning to its end', async () => {
    const { id } = await client.begin(first, 300);
    await client.put('bytes 100-299/300', rest, { id });
    await client.complete(id, sum);
    await client.complete(id, sum);
    const [type, protocol] = ['uploads', 'content-range'];
    expect(on('begun', id)).toEqual([{ type, protocol }]);
    expect(on('received', id)).toEqual([
      { type, bytes: 100 },
      { type, bytes: 200 },
    ]);
    expect(on('completed', id)).toEqual([{ type, protocol, size: 300 }]);
    const running = [1, 0, 1, 0, 1, 0].map((each) => ({ type, running: each }));
    expect(on('writers', id)).toEqual(running);
    for (const none of ['refused', 'salvaged', 'takeover', 'waited'] as const) {
      expect(on(none)).toEqual([]);
    }
  });

  it('of a whole file', async () => {
    const { upload } = await client.whole(file, { query: { md5: sum } });
    const whole = { type: 'uploads', protocol: 'content-range' };
    expect(on('begun', upload.id)).toEqual([whole]);
    expect(on('received', upload.id)).toEqual([{ type: 'uploads', bytes: 300 }]);
    expect(on('completed', upload.id)).toEqual([{ ...whole, size: 300 }]);
  });

  it('by which protocol an upload was begun, and a request refused', async () => {
    const tus = { 'tus-resumable': '1.0.0', 'x-user': 'ann' };
    const url = `${host.url}/uploads`;
    const created = await fetch(url, {
      method: 'POST',
      headers: { ...tus, 'upload-length': '300' },
    });
    const id = created.headers.get('location')?.split('/').at(-1) ?? '';
    const octets = { 'content-type': 'application/offset+octet-stream', 'upload-offset': '100' };
    await fetch(`${url}/${id}`, { method: 'PATCH', headers: { ...tus, ...octets }, body: 'x' });
    expect(on('refused', id)).toMatchObject([{ status: 409, protocol: 'tus' }]);
    await client.put('bytes 0-299/300', file, { id });
    await client.complete(id, sum);
    // That which began it, whichever goes on.
    for (const channel of ['begun', 'completed'] as const) {
      expect(on(channel, id)).toMatchObject([{ protocol: 'tus' }]);
    }
    const { id: other } = await host.uploads.create(
      { fields: { filename: 'a' } },
      { creator: 'ann' },
    );
    expect(on('begun', other)).toMatchObject([{ protocol: null }]);
  });

  it('of each refusal by its code and status, with the upload where one is named', async () => {
    const { id } = await client.begin(first, 300);
    await client.put('bytes 0-99/300', first, { id });
    await client.complete(id.toUpperCase(), sum);
    await client.put(null, first);
    await client.get('%0Ano-id');
    storage.failNext('write', Object.assign(new Error('full'), { code: 'ENOSPC' }));
    await client.put('bytes 100-299/300', rest, { id });
    const by = { type: 'uploads', protocol: 'content-range' };
    expect(on('refused')).toEqual([
      { ...by, id, code: 'offset_mismatch', status: 400 },
      { ...by, id, code: 'incomplete', status: 400 },
      { ...by, id: null, code: 'bad_content_range', status: 400 },
      { ...by, id: null, code: 'not_found', status: 404 },
      { ...by, id, code: 'storage_full', status: 507 },
    ]);
    expect(on('received')).toEqual([{ type: 'uploads', id, bytes: 100 }]);
  });

  it('of the bytes that were kept of a broken chunk, which count as received', async () => {
    const { id, body, written } = await beingWritten();
    body.destroy(new Error('The source broke'));
    await written;
    expect(on('salvaged', id)).toEqual([{ type: 'uploads', bytes: 50 }]);
    expect(on('received', id)).toEqual([{ type: 'uploads', bytes: 50 }]);
  });

  it('of a silent writer that is taken over, and how long that took', async () => {
    const { id, written } = await beingWritten();
    await sleep(SILENT_MS);
    expect((await client.put('bytes 100-299/300', rest, { id })).status).toBe(200);
    await written;
    expect(on('takeover')).toEqual([{ type: 'uploads', id, reason: 'silent' }]);
    expect(on('waited')).toEqual([{ type: 'uploads', id, ms: expect.any(Number), granted: true }]);
    const [{ ms }] = on('waited') as [{ ms: number }];
    expect(ms).toBeGreaterThan(0);
    expectInTime(ms, 5000);
  });

  it('of a silent writer that a client that resumes ends, and of no wait', async () => {
    const { id, written } = await beingWritten();
    await until('it is silent', async () => {
      await client.head(id);
      return on('takeover').length > 0;
    });
    await written;
    expect(on('takeover')).toEqual([{ type: 'uploads', id, reason: 'silent' }]);
    expect(on('salvaged', id)).toEqual([{ type: 'uploads', bytes: 50 }]);
    expect(on('waited')).toEqual([]);
  });

  it('of no silent writer where a client that resumes ends one that was sending', async () => {
    const { id, body, written } = await beingWritten();
    let at = 50;
    const push = () => body.push(rest.subarray(at, ++at));
    push();
    const sending = setInterval(push, 20);
    await host.uploads.findPosition(id, null, undefined, 'any');
    clearInterval(sending);
    await written;
    expect(on('takeover')).toEqual([]);
  });

  it('of a request that is refused because another one writes', async () => {
    const { id, body, written } = await beingWritten();
    let at = 50;
    const push = () => body.push(rest.subarray(at, ++at));
    push();
    const sending = setInterval(push, 20);
    const { status } = await client.put('bytes 100-299/300', rest, { id });
    clearInterval(sending);
    body.destroy(new Error('enough'));
    await written;
    expect(status).toBe(423);
    expect(on('waited', id)).toEqual([{ type: 'uploads', ms: expect.any(Number), granted: false }]);
    expect(on('takeover')).toEqual([]);
    expect(on('refused', id)).toMatchObject([{ code: 'busy', status: 423 }]);
  });

  it('of the lease of a process that has died', async () => {
    const { id, body, written } = await beingWritten();
    const sql = 'SELECT lease_holder AS holder FROM chunked_upload WHERE id = $1';
    const [{ holder }] = (await host.dataSource.query(sql, [id])) as [{ holder: string }];
    body.destroy(new Error('enough'));
    await written;
    heard.length = 0;
    // As of one with this number that started at another time.
    await host.dataSource.query(
      `UPDATE chunked_upload SET lease_token = gen_random_uuid(), lease_holder = $2,
        lease_until = clock_timestamp() + interval '1 hour' WHERE id = $1`,
      [id, `${holder}0`],
    );
    expect((await client.put('bytes 150-299/300', rest.subarray(50), { id })).status).toBe(200);
    expect(on('takeover')).toEqual([{ type: 'uploads', id, reason: 'dead' }]);
    expect(on('waited')).toMatchObject([{ id, granted: true }]);
  });
});

describe('The time', () => {
  const operations = (channel: 'storage' | 'database', id: string) =>
    (on(channel, id) as { operation: string }[]).map(({ operation }) => operation);

  it('of each call of the storage is told, with the upload', async () => {
    const { id } = await client.begin(first, 300);
    await client.put('bytes 100-299/300', rest, { id });
    await client.complete(id, sum);
    await client.download(id);
    await client.delete(id);
    const writing = ['open', 'write', 'sync', 'close'];
    expect(operations('storage', id).toSorted()).toEqual(
      [...writing, ...writing, 'finish', 'createReadStream', 'remove'].toSorted(),
    );
    for (const message of on('storage', id)) {
      expect(message).toMatchObject({ type: 'uploads', ms: expect.any(Number), failed: false });
    }
  });

  it('of each call of the database is told, with the upload', async () => {
    const { id } = await client.begin(first, 300);
    await client.put('bytes 100-299/300', rest, { id });
    await client.complete(id, sum);
    expect(operations('database', id)).toEqual(['insert', 'lease', 'commit', 'lease', 'complete']);
  });

  it('of a call that fails says so', async () => {
    const { id } = await client.begin(first, 300);
    heard.length = 0;
    storage.failNext('sync', new Error('no'));
    expect((await client.put('bytes 100-299/300', rest, { id })).status).toBe(503);
    const failed = (on('storage', id) as { operation: string; failed: boolean }[]).filter(
      (message) => message.failed,
    );
    expect(failed.map(({ operation }) => operation)).toEqual(['sync']);
  });

  it('of a slow call is about as long as it took', async () => {
    const { id } = await client.begin(file, 300);
    storage.fault = async (operation) => {
      storage.fault = null;
      if (operation === 'finish') await new Promise((resolve) => setTimeout(resolve, 50));
    };
    await client.complete(id, sum);
    const [{ ms } = { ms: 0 }] = (on('storage', id) as { operation: string; ms: number }[]).filter(
      ({ operation }) => operation === 'finish',
    );
    expect(ms).toBeGreaterThan(45);
    expectInTime(ms, 2000);
  });
});
