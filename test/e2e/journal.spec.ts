import { randomUUID } from 'node:crypto';
import { mkdir, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type CanActivate, Injectable } from '@nestjs/common';
import {
  AbstractChunkedUpload,
  type ChunkedUploadService,
  getChunkedUploadToken,
} from 'nestjs-chunked-upload';
import { Entity } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Host, startBeside, startHost } from '../support/host.js';
import { RawConnection } from '../support/raw-connection.js';
import { RecordingLogger, loggingTo } from '../support/recording-logger.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

// Of what somebody did: who did it, and to which uploads.

@Entity()
class Clip extends AbstractChunkedUpload {}

@Injectable()
class OpenGuard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

const file = sample(300);
const first = file.subarray(0, 100);
const UNKNOWN = '00000000-0000-4000-8000-000000000000';

const logger = new RecordingLogger();
let host: Host;
let uploads: UploadClient;
let clips: UploadClient;

async function start(): Promise<void> {
  host = await startHost({
    upload: { admin: { path: 'admin', guards: [OpenGuard] } },
    types: [{ path: 'clips', entity: Clip }],
    ...loggingTo(logger),
  });
  uploads = new UploadClient(`${host.url}/uploads`);
  clips = new UploadClient(`${host.url}/clips`);
}
beforeAll(start);
beforeEach(() => {
  logger.lines.length = 0;
});
afterAll(() => host.close());

/** What the admin's page asks for. */
async function act(action: string, body: object, user: string | null = 'root'): Promise<unknown> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (user !== null) headers['x-user'] = user;
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(`${host.url}/admin/api/${action}`, init);
  expect(response.status).toBe(200);
  return response.json();
}

const begun = async (client: UploadClient, type: string) => {
  const { id } = await client.begin(first, 300);
  return { type, id };
};

const expire = (table: string) =>
  host.dataSource.query(`UPDATE ${table} SET expires_at = now() - interval '1 minute'`);

async function storedBytes(): Promise<number> {
  const names = await storedFiles(host.root);
  const sizes = names.map(async (name) => (await stat(join(host.root, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

describe('The admin', () => {
  it('is named with what it has aborted and deleted, of whatever types', async () => {
    const selected = [await begun(uploads, 'uploads'), await begun(clips, 'clips')];
    const [upload, clip] = selected.map(({ id }) => id);
    await act('abort', { uploads: selected });
    await act('delete', { uploads: selected });
    expect(logger.lines).toEqual([
      `log: Admin: "root" aborted 2 uploads of "uploads", "clips": "file.bin" ${upload}, "file.bin" ${clip}`,
      `log: Admin: "root" deleted 2 uploads of "uploads", "clips": "file.bin" ${upload}, "file.bin" ${clip}`,
    ]);
  });

  it('is named with each of many uploads, at most fifty in a line', async () => {
    const create = async (_: unknown, n: number) => {
      const { id } = await host.uploads.create({ fields: { filename: `${n}.bin` } });
      return { type: 'uploads', id };
    };
    const selected = await Promise.all(Array.from({ length: 51 }, create));
    await act('delete', { uploads: selected });
    const named = selected.map(({ id }, n) => `"${n}.bin" ${id}`);
    expect(logger.lines).toEqual([
      `log: Admin: "root" deleted 50 uploads of "uploads": ${named.slice(0, 50).join(', ')}`,
      `log: Admin: "root" deleted 1 upload of "uploads": ${named[50]}`,
    ]);
  });

  it('is told of with those that could not be', async () => {
    const upload = await begun(uploads, 'uploads');
    await act('delete', { uploads: [upload, { type: 'uploads', id: UNKNOWN }] });
    await act('abort', { uploads: [{ type: 'uploads', id: UNKNOWN }] });
    expect(logger.lines).toEqual([
      `log: Admin: "root" deleted 1 upload of "uploads" (1 could not be): "file.bin" ${upload.id}`,
      'log: Admin: "root" aborted 0 uploads of "uploads" (1 could not be)',
    ]);
  });

  it('is named with the expired ones that it has deleted, all or of a selection', async () => {
    const upload = await begun(uploads, 'uploads');
    await expire('chunked_upload');
    await act('delete-expired', { uploads: [upload] });
    await begun(uploads, 'uploads');
    await begun(clips, 'clips');
    await expire('chunked_upload');
    await expire('clip');
    await act('delete-expired', { type: 'clips' });
    await act('delete-expired', {});
    await act('delete-expired', {});
    expect(logger.lines).toEqual([
      `log: Admin: "root" deleted 1 upload of "uploads": "file.bin" ${upload.id}`,
      'log: Admin: "root" deleted 1 expired upload of "clips"',
      'log: Admin: "root" deleted 1 expired upload of "uploads", "clips"',
    ]);
  });

  it('that has no name is said to have none, and a name cannot write a line of its own', async () => {
    const one = await begun(uploads, 'uploads');
    await act('delete', { uploads: [one] }, null);
    const two = await host.uploads.create({
      fields: { filename: 'b\nlog: Admin: "c\u2028\u009b' },
    });
    await act('delete', { uploads: [{ type: 'uploads', id: two.id }] }, 'a" \\ b');
    expect(logger.lines).toEqual([
      `log: Admin: somebody without a name deleted 1 upload of "uploads": "file.bin" ${one.id}`,
      `log: Admin: "a\\" \\\\ b" deleted 1 upload of "uploads": "b\\nlog: Admin: \\"c\\u2028\\u009b" ${two.id}`,
    ]);
  });
});

describe('A clean-up', () => {
  it('is one line with what it removed; one of nothing, and a dry run, are none', async () => {
    await host.uploads.removeExpired({ unfinished: true });
    logger.lines.length = 0;
    for (let n = 0; n < 2; n += 1) await begun(uploads, 'uploads');
    await expire('chunked_upload');
    await host.uploads.removeExpired({ dryRun: true });
    expect(logger.lines).toEqual([]);
    await host.uploads.removeExpired();
    await host.uploads.removeExpired();
    await begun(uploads, 'uploads');
    await expire('chunked_upload');
    await begun(uploads, 'uploads');
    await host.uploads.removeExpired({ unfinished: true, keepRecord: true });
    expect(logger.lines).toEqual([
      'log: Removed 2 expired uploads of "uploads" (200 bytes)',
      'log: Removed the bytes of 2 unfinished uploads of "uploads" (200 bytes)',
    ]);
  });

  it('is one also where it fails half-way', async () => {
    for (let n = 0; n < 2; n += 1) await begun(clips, 'clips');
    await expire('clip');
    const service = host.app.get<ChunkedUploadService<Clip>>(getChunkedUploadToken(Clip), {
      strict: false,
    });
    const report = (): never => {
      throw new Error('no more');
    };
    const line = 'log: Removed 1 expired upload of "clips" (100 bytes)';
    await expect(service.removeExpired({ batchSize: 1, report })).rejects.toThrow('no more');
    expect(logger.lines).toEqual([line]);
    await service.removeExpired();
    expect(logger.lines).toEqual([line, line]);
  });

  it('by the timer is one, too', async () => {
    // Records that are kept would be expired as well.
    await host.dataSource.query('TRUNCATE chunked_upload');
    const timed = await startBeside(host, {
      upload: { cleanup: { every: '1s' } },
      ...loggingTo(logger),
    });
    await begun(uploads, 'uploads');
    await expire('chunked_upload');
    const line = 'log: Removed 1 expired upload of "uploads" (100 bytes)';
    await until('the timer has run', () => logger.lines.includes(line));
    await timed.close();
    expect(logger.lines.filter((each) => each.includes('Removed'))).toEqual([line]);
  });
});

describe('A reconciliation', () => {
  it('is one line with what was removed; a dry run is none', async () => {
    const key = `chunked_uploads/2026/01/01/${randomUUID()}.part`;
    const path = join(host.root, key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, first);
    const old = new Date(Date.now() - 2 * 3_600_000);
    await utimes(path, old, old);
    await host.uploads.reconcile({ dryRun: true });
    expect(logger.lines).toEqual([]);
    await host.uploads.reconcile();
    expect(logger.lines).toEqual([
      'log: Reconciled "uploads": removed 1 without a record (100 bytes), 0 could not be removed, ' +
        '0 records lack their bytes',
    ]);
  });
});

describe('A shutdown', () => {
  it('is one line with how many uploads it ended, and how much of them is kept', async () => {
    const send = async (client: UploadClient, path: string, bytes: number) => {
      const { id } = await client.begin(first, 300);
      const headers = { 'content-range': 'bytes 100-299/300', 'content-length': 200 };
      const connection = await RawConnection.put(host.url, headers, `${path}/${id}`);
      await connection.write(file.subarray(100, 100 + bytes));
      return connection;
    };
    const whole = await RawConnection.open(host.url);
    await whole.head('POST', '/uploads?filename=a', {
      'x-user': 'ann',
      'content-type': 'application/octet-stream',
      'content-length': 300,
    });
    await whole.write(first);
    const beginning = await RawConnection.put(
      host.url,
      { 'content-range': 'bytes 0-299/300', 'content-length': 300 },
      '/uploads?filename=b',
    );
    await beginning.write(first);
    const connections = [
      await send(uploads, '/uploads', 50),
      await send(clips, '/clips', 30),
      whole,
      beginning,
    ];
    await until('all are there', async () => (await storedBytes()) === 150 + 130 + 100 + 100);
    logger.lines.length = 0;
    await host.close();
    for (const connection of connections) connection.destroy();
    expect(logger.lines).toEqual([
      'log: Shutdown: ended 4 running uploads, kept 180 bytes of what these requests had sent',
    ]);
    await start();
  });

  it('that ends nothing says nothing', async () => {
    const { id } = await uploads.begin(first, 300);
    expect(id).not.toBe('');
    await host.close();
    expect(logger.lines).toEqual([]);
    await start();
  });
});
