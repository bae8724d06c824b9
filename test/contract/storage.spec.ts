import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalDiskStorage } from 'nestjs-chunked-upload';
import {
  FaultInjectingStorage,
  MemoryStorage,
  describeStorageContract,
} from 'nestjs-chunked-upload/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';

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

const memory = new MemoryStorage();
describeStorageContract(framework, 'MemoryStorage', () => memory);

describeStorageContract(
  framework,
  'FaultInjectingStorage without a fault',
  () => new FaultInjectingStorage(memory),
);

describeStorageContract(
  framework,
  'A storage that cannot read back what is unfinished',
  () => Object.assign(new FaultInjectingStorage(memory), { readUnfinished: undefined }),
  { gaps: { readUnfinished: 'it has no such method' } },
);
