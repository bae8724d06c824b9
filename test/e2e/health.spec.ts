import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ModulesContainer } from '@nestjs/core';
import { ChunkedUploadHealthIndicator, LocalDiskStorage } from 'nestjs-chunked-upload';
import { FaultInjectingStorage, MemoryStorage } from 'nestjs-chunked-upload/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, createDatabase } from '../support/database.js';
import { startHost, withHost } from '../support/host.js';
import { RecordingLogger, loggingTo } from '../support/recording-logger.js';
import { ServerProcess } from '../support/server-process.js';
import { UploadClient, sample } from '../support/upload-client.js';

const run = promisify(execFile);

describe('The indicators', () => {
  it('are up, with the room on the disk, where all is well', async () => {
    await withHost({}, async ({ app }) => {
      const health = app.get(ChunkedUploadHealthIndicator);
      expect(await health.database()).toEqual({ database: { status: 'up' } });
      expect(await health.storage()).toEqual({ storage: { status: 'up' } });
      const { disk } = await health.disk();
      expect(disk.status).toBe('up');
      expect(disk.freeBytes).toBeGreaterThan(0);
      expect(await health.database('uploads')).toEqual({ uploads: { status: 'up' } });
    });
  });

  it('of a disk is down with less room than is wanted, and says how much there is', async () => {
    await withHost({}, async ({ app }) => {
      const { disk } = await app
        .get(ChunkedUploadHealthIndicator)
        .disk('disk', { minFreeBytes: Number.MAX_SAFE_INTEGER });
      const message = 'The disk is nearly full';
      expect(disk).toEqual({ status: 'down', message, freeBytes: expect.any(Number) });
    });
  });

  it('of a disk is up where no storage has one', async () => {
    await withHost({ upload: { storage: new MemoryStorage() } }, async ({ app }) => {
      const disk = await app.get(ChunkedUploadHealthIndicator).disk();
      expect(disk).toEqual({ disk: { status: 'up' } });
    });
  });

  it('of a storage is down where it cannot be written, gives no path away, and logs why once', async () => {
    const logger = new RecordingLogger();
    // A file where the folder should be: so it is for root as well.
    const storage = new FaultInjectingStorage(new LocalDiskStorage({ root: '/dev/null/media' }));
    await withHost({ upload: { storage }, ...loggingTo(logger) }, async ({ app }) => {
      const health = app.get(ChunkedUploadHealthIndicator);
      const down = { storage: { status: 'down', message: 'The storage cannot be used' } };
      expect(await health.storage()).toEqual(down);
      expect(await health.storage()).toEqual(down);
      expect((await health.disk()).disk.status).toBe('down');
      const lines = logger.lines.filter((line) => line.includes('Health: The storage'));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain('/dev/null/media');
    });
  });

  it('of a storage is down where its folder is gone, or another one, and takes files all the same', async () => {
    const logger = new RecordingLogger();
    await withHost(loggingTo(logger), async ({ app, root, url, uploads }) => {
      // An answer holds for five seconds: each question is one of another indicator.
      const storageHealth = async () => {
        const health = new ChunkedUploadHealthIndicator(app.get(ModulesContainer));
        return (await health.storage()).storage.status;
      };
      expect(await storageHealth()).toBe('up');
      const before = `${root}.before`;
      await rename(root, before);
      expect(await storageHealth()).toBe('down');
      expect(logger.lines.at(-1)).toMatch(/The folder .* was there before and is gone/);
      const { id } = await new UploadClient(`${url}/uploads`).file(sample(300));
      expect((await uploads.findOne(id)).status).toBe(2);
      expect(await storageHealth()).toBe('down');
      expect(logger.lines.at(-1)).toMatch(/The folder .* is another one than before/);
      await rm(root, { recursive: true });
      await rename(before, root);
      expect(await storageHealth()).toBe('up');
    });
  });

  it('of a storage is up where what it made at the start has been replaced by a disk', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'health-'));
    const root = join(folder, 'media');
    const storage = new LocalDiskStorage({ root });
    expect(await storage.check()).toBeNull();
    await rename(root, `${root}.before`);
    await expect(storage.check()).rejects.toThrow('is gone');
    await mkdir(root);
    expect(await storage.check()).toBeNull();
    await rename(root, `${root}.second`);
    await mkdir(root);
    await expect(storage.check()).rejects.toThrow('another one');
    await rm(folder, { recursive: true });
  });

  it('of a storage is down while its disk is not mounted, and up when it is again', async (context) => {
    const root = await mkdtemp(join(tmpdir(), 'health-disk-'));
    const mount = () => run('mount', ['-t', 'tmpfs', '-o', 'size=1M', 'tmpfs', root]);
    const unmount = () => run('umount', ['--lazy', root]);
    try {
      const isAllowed = await mount().then(
        () => true,
        () => false,
      );
      if (!isAllowed) context.skip('needs the right to mount a small disk: run it as root');
      const storage = new LocalDiskStorage({ root });
      expect(await storage.check()).toBeNull();
      await unmount();
      await expect(storage.check()).rejects.toThrow('Is its disk mounted?');
      await mount();
      expect(await storage.check()).toBeNull();
      await unmount();
      await expect(storage.check()).rejects.toThrow('Is its disk mounted?');
    } finally {
      await unmount().catch(() => undefined);
      await rm(root, { recursive: true });
    }
  });

  it('of a database is down when that is away', async () => {
    const host = await startHost();
    const health = host.app.get(ChunkedUploadHealthIndicator);
    await host.dataSource.destroy();
    expect(await health.database()).toEqual({
      database: { status: 'down', message: 'The database does not answer' },
    });
    await host.dataSource.initialize();
    expect(await health.database()).toEqual({ database: { status: 'up' } });
    await host.close();
  });
});

describe("The demo's /health", () => {
  let database: TestDatabase;
  let demo: ServerProcess;

  beforeAll(async () => {
    database = await createDatabase();
    demo = await ServerProcess.start({ databaseUrl: database.url });
  });
  afterAll(async () => {
    await demo?.stop();
    await database?.drop();
  });

  it('says of the database, the storage and the disk that they are up', async () => {
    const response = await fetch(`${demo.url}/health`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      status: 'ok',
      details: {
        database: { status: 'up' },
        storage: { status: 'up' },
        disk: { status: 'up', freeBytes: expect.any(Number) },
      },
    });
  });

  it('is in the OpenAPI document', async () => {
    const document = (await (await fetch(`${demo.url}/api-json`)).json()) as {
      paths: Record<string, Record<string, { responses: object }>>;
    };
    const responses = Object.keys(document.paths['/health']?.['get']?.responses ?? {});
    expect(responses).toEqual(expect.arrayContaining(['200', '503']));
  });
});
