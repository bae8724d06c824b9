import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalDiskStorage } from 'nestjs-chunked-upload';
import {
  FaultInjectingStorage,
  MemoryStorage,
  describeStorageContract,
} from 'nestjs-chunked-upload/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const framework = { describe, it };

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'contract-'));
});
afterAll(() => rm(root, { recursive: true }));

for (const fsync of [true, 'completion', false] as const) {
  describeStorageContract(
    framework,
    `LocalDiskStorage with fsync ${fsync}`,
    () => new LocalDiskStorage({ root, fsync }),
  );
}

describe('LocalDiskStorage', () => {
  const file = { key: 'a/x.part', finalKey: 'a/x.done', storageState: null };

  it('acknowledges nothing of a file that was removed while it was written', async () => {
    const storage = new LocalDiskStorage({ root });
    const writer = await storage.open(file, {
      offset: 0,
      length: 3,
      total: null,
      token: 't',
      attempt: 1,
      contested: false,
    });
    await writer.write([Buffer.from('abc')]);
    await storage.remove(file);
    await expect(writer.sync()).rejects.toMatchObject({ code: 'bytes_missing' });
    await writer.close();
  });

  it('does not take a root that is not there, such as a disk not mounted, for an empty one', async () => {
    const storage = new LocalDiskStorage({ root: join(root, 'not-mounted') });
    await expect(storage.remove(file)).rejects.toThrow('ENOENT');
  });

  it('wants a root', () => {
    expect(() => new LocalDiskStorage({ root: undefined as never })).toThrow('"root"');
  });
});

const memory = new MemoryStorage();
describeStorageContract(framework, 'MemoryStorage', () => memory);

describeStorageContract(
  framework,
  'FaultInjectingStorage without a fault',
  () => new FaultInjectingStorage(memory),
);
