import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalDiskStorage, type StorageProvider, type StoredFile } from 'nestjs-chunked-upload';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalDiskPaths } from '../../src/chunked-upload/storage/local-disk.paths.js';
import { uploadIdOf } from '../../src/chunked-upload/storage/upload-keys.js';
import { openFiles } from '../support/open-files.js';
import { openOptions, undisturbed } from '../support/open-options.js';
import { storedFiles } from '../support/stored-files.js';
import { withWatchedSyncs } from '../support/watched-syncs.js';

const WRITER = new URL('../support/stopped-writer.mjs', import.meta.url).pathname;

let root: string;
let storage: LocalDiskStorage;
let file: StoredFile;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'local-disk-'));
  storage = new LocalDiskStorage({ root });
  file = { key: 'a/x.part', finalKey: 'a/x.done', storageState: null };
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** One chunk, committed. */
async function append(text: string, given: Parameters<typeof openOptions>[0] = {}): Promise<void> {
  const writer = await storage.open(file, openOptions(given));
  await writer.write([Buffer.from(text)]);
  file = { ...file, storageState: await writer.sync() };
  await writer.close();
}

async function read(from: StorageProvider = storage): Promise<string> {
  return Buffer.concat(await (await from.createReadStream(file)).toArray()).toString();
}

async function listed(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list('')) keys.push(key);
  return keys.toSorted();
}

describe('LocalDiskStorage', () => {
  it('acknowledges nothing of a file that was removed while it was written', async () => {
    for (const operation of ['sync', 'finish'] as const) {
      const writer = await storage.open(file, openOptions());
      await writer.write([Buffer.from('abc')]);
      await storage.remove(file);
      await expect(writer[operation]?.()).rejects.toMatchObject({ code: 'bytes_missing' });
      await writer.close();
    }
  });

  it.each([
    [undefined, '"root" must be the path of a folder, such as "media"'],
    [{ root: '' }, '"root" must be the path of a folder, such as "media"'],
    [{ root: 'media', fsync: 'never' }, '"fsync" must be true, "completion" or false'],
    [{ root: 'media', fsync: null }, '"fsync" must be true, "completion" or false'],
  ])('is not made with the options %o', (options, sentence) => {
    expect(() => new LocalDiskStorage(options as never)).toThrow(
      `LocalDiskStorage: the option ${sentence}`,
    );
  });

  it('does not take a root that is not there, such as a disk not mounted, for an empty one', async () => {
    const elsewhere = new LocalDiskStorage({ root: join(root, 'not-mounted') });
    await expect(elsewhere.remove(file)).rejects.toThrow('ENOENT');
  });

  it('wants a root', () => {
    expect(() => new LocalDiskStorage({ root: undefined as never })).toThrow('"root"');
  });

  it('never finishes a file that is too short', async () => {
    await append('abc');
    await expect(storage.finish(file, 4, undisturbed)).rejects.toMatchObject({
      code: 'bytes_missing',
    });
    expect(await storedFiles(root)).toEqual(['a/x.part']);
  });
});

describe('A writer beside which another one may still write', () => {
  it('keeps out one that is stopped in another process, and goes on after the end', async () => {
    await append('committed ');
    const process = spawn(globalThis.process.execPath, [WRITER, root, JSON.stringify(file), '10']);
    await once(process.stdout, 'data');
    process.kill('SIGSTOP');
    await append('and more', { offset: 10, attempt: 2, contested: true });
    await storage.finish(file, 18, undisturbed);
    process.kill('SIGCONT');
    process.stdin.end();
    await once(process, 'exit');
    expect(await read()).toBe('committed and more');
    expect(await storedFiles(root)).toEqual(['a/x.done']);
  });

  it('leaves its file to be listed and removed by the key when it dies before its commit', async () => {
    const id = '01234567-89ab-cdef-0123-456789abcdef';
    file = { key: `up/${id}.part.bin`, finalKey: `up/${id}.done.bin`, storageState: null };
    await append('abc');
    const died = await storage.open(file, openOptions({ offset: 3, attempt: 2, contested: true }));
    await died.write([Buffer.from('def')]);
    expect(await listed()).toEqual([file.key, file.key]);
    const keys = { uploadPath: 'up', incompleteExt: '.part', completeExt: '.done' };
    expect(uploadIdOf(keys, file.key)).toBe(id);
    await storage.remove({ key: file.key, finalKey: file.key, storageState: null });
    expect(await listed()).toEqual([]);
    expect(existsSync(join(root, `${file.key}.writers`))).toBe(false);
    await died.close();
  });

  it('leaves at most one file too many, and none once the upload is finished', async () => {
    await append('abc');
    for (let offset = 3; offset < 9; offset += 3) {
      await append('def', { offset, attempt: 2, contested: true });
      expect(await storedFiles(root)).toHaveLength(2);
    }
    await append('ghi', { offset: 9 });
    expect(await storedFiles(root)).toHaveLength(1);
    const died = await storage.open(file, openOptions({ offset: 12, attempt: 2, contested: true }));
    await append('jkl', { offset: 12, attempt: 3, contested: true });
    await storage.finish(file, 15, undisturbed);
    expect(await storedFiles(root)).toEqual(['a/x.done']);
    expect(await read()).toBe('abcdefdefghijkl');
    await died.close();
  });

  it('removes its file when it ends without a sync', async () => {
    await append('abc');
    const writer = await storage.open(
      file,
      openOptions({ offset: 3, attempt: 2, contested: true }),
    );
    await writer.write([Buffer.from('def')]);
    await writer.close();
    expect(await storedFiles(root)).toEqual(['a/x.part']);
  });

  it('begins no file where the committed bytes are missing', async () => {
    await append('abc');
    for (const [offset, key] of [
      [4, file.key],
      [3, 'a/y.part'],
    ] as const) {
      const late = openOptions({ offset, attempt: 2, contested: true });
      const opening = storage.open({ ...file, key }, late);
      await expect(opening).rejects.toMatchObject({ code: 'bytes_missing' });
    }
    expect(await storedFiles(root)).toEqual(['a/x.part']);
  });

  it('never removes late what may have become the finished file', () => {
    const storageState = { writer: 'second', before: null };
    expect(new LocalDiskPaths('/root', { ...file, storageState }).outdated).toBe('/root/a/x.part');
    const oneKey = { ...file, finalKey: file.key, storageState };
    expect(new LocalDiskPaths('/root', oneKey).outdated).toBeNull();
  });
});

describe('A file that the disk does not take', () => {
  it('is refused as too large, and what fitted is kept', async () => {
    // 4 blocks of 1 KiB.
    const script = `ulimit -f 4; exec "${process.execPath}" "${WRITER}" "$@"`;
    const child = spawn('bash', ['-c', script, 'bash', root, JSON.stringify(file), '0', '3000']);
    child.stdin.end();
    let output = '';
    child.stdout.on('data', (text) => (output += String(text)));
    await once(child, 'exit');
    expect(output).toContain('EFBIG');
    expect((await readFile(join(root, file.key))).subarray(0, 3000)).toEqual(
      Buffer.alloc(3000, 'l'),
    );
  });
});

describe('check', () => {
  it('says nothing of a folder that is fit', async () => {
    expect(await storage.check()).toBeNull();
  });

  it('fails where nothing can be written', async () => {
    await writeFile(join(root, 'file'), '');
    const unfit = new LocalDiskStorage({ root: join(root, 'file', 'below') });
    await expect(unfit.check()).rejects.toThrow(/cannot be written.*another "root"/);
  });
});

describe.each(['EINVAL', 'EPERM', 'ENOTSUP', 'EISDIR', 'EBADF'])(
  'A folder whose sync answers %s',
  (code) => {
    it('takes uploads all the same, and check says what that means', async () => {
      await withFolderSync(code, async () => {
        await append('abc');
        await storage.finish(file, 3, undisturbed);
        expect(await read()).toBe('abc');
        expect(await storage.check()).toContain(`cannot sync folders (${code})`);
        expect(await new LocalDiskStorage({ root, fsync: false }).check()).toBeNull();
      });
    });
  },
);

it('A folder whose sync fails with anything else acknowledges nothing', async () => {
  await withFolderSync('EIO', async () => {
    await expect(append('abc')).rejects.toThrow('EIO');
  });
  await append('abc');
});

/** While `work` runs, every sync of a folder fails with `code`. */
async function withFolderSync(code: string, work: () => Promise<void>): Promise<void> {
  const fault = (path: string) => {
    if (!path.includes('x.')) throw Object.assign(new Error(code), { code });
  };
  await withWatchedSyncs(fault, work);
}

it('A file of which nothing can be learned is closed', async () => {
  await append('abc');
  await storage.finish(file, 3, undisturbed);
  const handle = await open(join(root, file.finalKey));
  const prototype = Object.getPrototypeOf(handle) as { stat: () => Promise<unknown> };
  await handle.close();
  const { stat } = prototype;
  prototype.stat = async () => Promise.reject(new Error('EIO'));
  try {
    await expect(storage.createReadStream(file)).rejects.toThrow('EIO');
    await expect(storage.readUnfinished(file, { start: 0, end: 1 })).rejects.toThrow('EIO');
    const unfinished = { ...file, key: file.finalKey };
    const opening = storage.open(unfinished, openOptions({ offset: 3, attempt: 2 }));
    await expect(opening).rejects.toThrow('EIO');
  } finally {
    prototype.stat = stat;
  }
  // Folders may be open for a moment longer.
  expect((await openFiles(root)).filter((path) => path.includes('x.'))).toEqual([]);
});
