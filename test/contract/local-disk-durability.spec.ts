import { readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { LocalDiskStorage, type StorageWriter, type StoredFile } from 'nestjs-chunked-upload';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FolderSyncs } from '../../src/chunked-upload/storage/folder-syncs.js';
import { expectInTime } from '../support/in-time.js';
import { openOptions, undisturbed } from '../support/open-options.js';
import { timed, until } from '../support/waiting.js';
import { withWatchedSyncs } from '../support/watched-syncs.js';

let root: string;
let synced: Set<string>;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'durability-'));
  synced = new Set();
});
afterEach(() => rm(root, { recursive: true, force: true }));

// The name that a file has when its sync begins, and only once it has ended.
const watch = (path: string) => () => void synced.add(relative(root, path) || 'root');

/** What has been synced since it was asked last. */
function news(): string[] {
  const paths = [...synced].toSorted();
  synced.clear();
  return paths;
}

describe('Before it is acknowledged, synced is', () => {
  const file: StoredFile = { key: 'a/b/x.part', finalKey: 'a/b/x.done', storageState: null };

  const opened: StorageWriter[] = [];
  afterEach(() => Promise.all(opened.splice(0).map((writer) => writer.close())));

  async function chunk(storage: LocalDiskStorage, given: Parameters<typeof openOptions>[0] = {}) {
    const writer = await storage.open(file, openOptions(given));
    opened.push(writer);
    await writer.write([Buffer.from('abc')]);
    await writer.sync();
    return writer;
  }

  it('a first chunk: its bytes, its name, and those of all folders on the way', async () => {
    await withWatchedSyncs(watch, async () => {
      const storage = new LocalDiskStorage({ root });
      await chunk(storage);
      expect(news()).toEqual(['a', 'a/b', 'a/b/x.part', 'root']);
    });
  });

  it('the same where the folders have been made by another process, not synced yet', async () => {
    await chunk(new LocalDiskStorage({ root, fsync: false }));
    await withWatchedSyncs(watch, async () => {
      await chunk(new LocalDiskStorage({ root }));
      expect(news()).toEqual(['a', 'a/b', 'a/b/x.part', 'root']);
    });
  });

  it('a next chunk, and each part of a long one: its bytes', async () => {
    await withWatchedSyncs(watch, async () => {
      const storage = new LocalDiskStorage({ root });
      await chunk(storage);
      news();
      const writer = await chunk(storage, { offset: 3 });
      expect(news()).toEqual(['a/b/x.part']);
      await writer.write([Buffer.from('def')]);
      await writer.sync();
      expect(news()).toEqual(['a/b/x.part']);
    });
  });

  it('a completion: its new name', async () => {
    await withWatchedSyncs(watch, async () => {
      const storage = new LocalDiskStorage({ root });
      await chunk(storage);
      news();
      await storage.finish(file, 3, undisturbed);
      expect(news()).toEqual(['a/b']);
    });
  });

  it('a completion that another process has begun: its new name', async () => {
    await withWatchedSyncs(watch, async () => {
      await chunk(new LocalDiskStorage({ root }));
      await rename(join(root, file.key), join(root, file.finalKey));
      news();
      await new LocalDiskStorage({ root }).finish(file, 3, undisturbed);
      expect(news()).toContain('a/b');
    });
  });

  it('a file that came whole: its bytes and its last name alone', async () => {
    await withWatchedSyncs(watch, async () => {
      const storage = new LocalDiskStorage({ root });
      const writer = await storage.open(file, openOptions());
      await writer.write([Buffer.from('abc')]);
      await writer.finish?.();
      await writer.close();
      expect(news()).toEqual(['a', 'a/b', 'a/b/x.done', 'root']);
    });
  });

  it('a writer with a file of its own: what it copied, its bytes, and its name', async () => {
    await withWatchedSyncs(watch, async () => {
      const storage = new LocalDiskStorage({ root });
      await chunk(storage);
      news();
      const own = 'a/b/x.part.writers/own';
      await chunk(storage, { token: 'own', offset: 3, attempt: 2, contested: true });
      expect(news()).toEqual(['a', 'a/b', 'a/b/x.part.writers', own, 'root']);
    });
  });

  it.each([
    ['two keys', file],
    ['one key', { ...file, finalKey: file.key }],
  ])('with "completion" nothing before it, then all of it: %s', async (_, keys) => {
    await withWatchedSyncs(watch, async () => {
      const storage = new LocalDiskStorage({ root, fsync: 'completion' });
      await chunk(storage);
      expect(news()).not.toContain('a/b/x.part');
      await storage.finish(keys, 3, undisturbed);
      expect(news()).toEqual(expect.arrayContaining(['a/b', 'a/b/x.part']));
    });
  });

  it('with false nothing', async () => {
    await withWatchedSyncs(watch, async () => {
      const storage = new LocalDiskStorage({ root, fsync: false });
      await chunk(storage);
      await storage.finish(file, 3, undisturbed);
      expect(news()).toEqual([]);
    });
  });

  it('nothing any more once a sync has failed', async () => {
    let failed = false;
    const failOnce = (path: string) => {
      if (failed || !path.endsWith('x.part')) return;
      failed = true;
      throw new Error('EIO');
    };
    await withWatchedSyncs(failOnce, async () => {
      const writer = await new LocalDiskStorage({ root }).open(file, openOptions());
      await writer.write([Buffer.from('abc')]);
      await expect(writer.sync()).rejects.toThrow('EIO');
      // The kernel may have dropped the pages, and would call the next sync a success.
      await expect(writer.sync()).rejects.toThrow('EIO');
      await expect(writer.finish?.()).rejects.toThrow('EIO');
      await writer.close();
    });
  });
});

describe('FolderSyncs', () => {
  it('shares a sync among all who ask before it begins, and never one that runs', async () => {
    const running: (() => void)[] = [];
    const gate = (path: string) =>
      path === root
        ? new Promise<void>((resolve) => void running.push(resolve))
        : Promise.resolve();
    await withWatchedSyncs(gate, async () => {
      const syncs = new FolderSyncs();
      const ended: string[] = [];
      const ask = (name: string) => syncs.sync(root).then(() => void ended.push(name));
      const asked = [ask('first'), ask('with it')];
      await until('a sync', () => running.length === 1);
      asked.push(ask('late'), ask('late too'));
      running[0]?.();
      await until('the next one', () => running.length === 2);
      expect(ended).toEqual(['first', 'with it']);
      running[1]?.();
      await Promise.all(asked);
      expect(running).toHaveLength(2);
    });
  });

  it('holds no folder open for longer than a second or so', async () => {
    const syncs = new FolderSyncs();
    await syncs.sync(root);
    await syncs.sync(root);
    expect(openFolders()).toEqual([root]);
    const { ms } = await timed(() => until('its handle closed', () => openFolders().length === 0));
    expectInTime(ms, 5000);
    await syncs.sync(root);
  });

  it('holds only so many folders open', async () => {
    const syncs = new FolderSyncs();
    const folders = Array.from({ length: 40 }, (_, n) => join(root, `folder-${n}`));
    for (const folder of folders) await writeFile(folder, '');
    // Else each would be closed for its age, however many there are.
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      for (const folder of folders) await syncs.sync(folder);
      await until('most handles closed', () => openFolders().length <= 32);
      vi.runAllTimers();
    } finally {
      vi.useRealTimers();
    }
    await until('all are closed', () => openFolders().length === 0);
  });

  it('tells of a folder that is not there, and goes on when it is', async () => {
    const syncs = new FolderSyncs();
    const folder = join(root, 'later');
    await expect(syncs.sync(folder)).rejects.toThrow('ENOENT');
    await writeFile(folder, '');
    await syncs.sync(folder);
  });
});

function openFolders(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(root) ? [path] : [];
    } catch {
      return [];
    }
  });
}
