import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { StorageProvider } from '../storage/storage.provider.js';
import { ContractUpload } from './contract-upload.js';

/** The two functions that vitest, jest, mocha and node:test have in common. */
export interface TestFramework {
  readonly describe: (name: string, define: () => void) => unknown;
  readonly it: (name: string, run: () => Promise<void>) => unknown;
}

const MIB = 1024 * 1024;
const LARGEST_STATE = 8 * 1024;
const MOST_CLOCK_SKEW = 5 * 60_000;

/**
 * What every storage must do, as tests: `describeStorageContract({ describe, it }, 'my storage',
 * () => new MyStorage())`. `create` is asked for a fresh provider over the same store again and
 * again: nothing that matters may live in the provider.
 */
export function describeStorageContract(
  { describe, it }: TestFramework,
  name: string,
  create: () => StorageProvider | Promise<StorageProvider>,
): void {
  describe(`${name} keeps the storage contract`, () => {
    it('gives back what was written, through several buffers and writes', async () => {
      const upload = new ContractUpload(create);
      const bytes = randomBytes(3 * MIB + 17);
      await upload.append(bytes, 64 * 1024);
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });

    it('continues at the committed offset, in another provider', async () => {
      const upload = new ContractUpload(create);
      const bytes = randomBytes(700_001);
      for (let at = 0; at < bytes.length; at += 100_000) {
        await upload.append(bytes.subarray(at, at + 100_000));
      }
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });

    it('writes over what a writer left that never committed', async () => {
      const upload = new ContractUpload(create);
      const bytes = randomBytes(300_000);
      await upload.append(bytes.subarray(0, 100_000));
      await upload.abandon(randomBytes(250_000));
      await upload.append(bytes.subarray(100_000));
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });

    it('leaves out of the file what was never committed at its end', async () => {
      const upload = new ContractUpload(create);
      const bytes = randomBytes(100_000);
      await upload.append(bytes);
      await upload.abandon(randomBytes(50_000));
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });

    it('begins anew over a first chunk that was never committed', async () => {
      const upload = new ContractUpload(create);
      const bytes = randomBytes(1000);
      await upload.abandon(randomBytes(5000));
      await upload.append(bytes);
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });

    it('finishes again, with the state from before and after, to the same file', async () => {
      const upload = new ContractUpload(create);
      const bytes = randomBytes(10_000);
      await upload.append(bytes);
      const before = upload.state;
      await upload.finish(bytes.length);
      await upload.finish(bytes.length);
      upload.state = before;
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });

    it('keeps an empty file', async () => {
      const upload = new ContractUpload(create);
      await upload.append(Buffer.alloc(0));
      await upload.finish(0);
      await upload.holds(Buffer.alloc(0));
    });

    it('reads ranges, first and last byte included', async () => {
      const upload = new ContractUpload(create);
      const bytes = randomBytes(300_000);
      await upload.append(bytes);
      await upload.finish(bytes.length);
      const ranges = [
        { start: 0, end: 0 },
        { start: 299_999, end: 299_999 },
        { start: 65_535, end: 200_000 },
      ];
      for (const { start, end } of ranges) {
        assert.ok((await upload.read({ start, end })).equals(bytes.subarray(start, end + 1)));
      }
    });

    it('works with one key for both states', async () => {
      const upload = new ContractUpload(create, { sameKey: true });
      const bytes = randomBytes(20_000);
      await upload.append(bytes.subarray(0, 5000));
      await upload.append(bytes.subarray(5000));
      await upload.finish(bytes.length);
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });

    it('refuses to continue where bytes are missing', async () => {
      const upload = new ContractUpload(create);
      await upload.append(randomBytes(1000));
      await upload.remove();
      await isMissing(upload.append(randomBytes(10)));
      await isMissing(upload.finish(1000));
    });

    it('refuses to read what is not there before the first byte', async () => {
      const upload = new ContractUpload(create);
      await isMissing(upload.read());
      await upload.append(randomBytes(1000));
      await isMissing(upload.read());
      await upload.finish(1000);
      await upload.remove();
      await isMissing(upload.read());
    });

    it('removes in every state, and again', async () => {
      const upload = new ContractUpload(create);
      await upload.remove();
      await upload.append(randomBytes(1000));
      await upload.remove();
      await upload.remove();
    });

    it('keeps uploads apart', async () => {
      const uploads = [new ContractUpload(create), new ContractUpload(create)];
      const contents = uploads.map(() => randomBytes(50_000));
      await Promise.all(uploads.map((upload, i) => upload.append(contents[i] ?? Buffer.alloc(0))));
      await Promise.all(uploads.map((upload) => upload.finish(50_000)));
      await uploads[0]?.remove();
      await uploads[1]?.holds(contents[1] ?? Buffer.alloc(0));
    });

    it('tells whether bytes are there, in every state', async () => {
      const upload = new ContractUpload(create);
      assert.equal(await upload.hasBytes(0), false);
      await upload.append(randomBytes(1000));
      assert.equal(await upload.hasBytes(1000), true);
      await upload.append(randomBytes(500));
      assert.equal(await upload.hasBytes(1500), true);
      assert.equal(await upload.hasBytes(1501), false);
      await upload.finish(1500);
      assert.equal(await upload.hasBytes(1500), true);
      assert.equal(await upload.hasBytes(1501), false);
      await upload.remove();
      assert.equal(await upload.hasBytes(0), false);
    });

    it('lists what is unfinished, finished or was never committed, below one folder', async () => {
      const folder = `contract/${randomUUID()}`;
      const [unfinished, finished, abandoned, removed, elsewhere] = [
        new ContractUpload(create, { folder }),
        new ContractUpload(create, { folder: `${folder}/deeper` }),
        new ContractUpload(create, { folder }),
        new ContractUpload(create, { folder }),
        new ContractUpload(create, { folder: `${folder}-2` }),
      ] as const;
      const before = Date.now();
      for (const upload of [unfinished, finished, removed, elsewhere]) {
        await upload.append(randomBytes(1000));
      }
      await finished.finish(1000);
      await abandoned.abandon(randomBytes(2000));
      await removed.remove();
      const listed = await unfinished.list(folder);
      const keys = new Set(listed.map(({ key }) => key));
      const expected = [unfinished.key, finished.finalKey, abandoned.key];
      assert.deepEqual([...keys].toSorted(), expected.toSorted());
      for (const { key, size, modifiedAt } of listed) {
        if (key !== abandoned.key) assert.equal(size, 1000);
        const age = modifiedAt.getTime() - before;
        assert.ok(Math.abs(age) < MOST_CLOCK_SKEW, `modified ${age} ms after the test began`);
      }
      assert.deepEqual(await unfinished.list(`${folder}/nothing`), []);
    });

    it('removes what it lists, by its key alone', async () => {
      const folder = `contract/${randomUUID()}`;
      const uploads = [
        new ContractUpload(create, { folder }),
        new ContractUpload(create, { folder }),
      ] as const;
      await uploads[0].append(randomBytes(1000));
      await uploads[1].append(randomBytes(1000));
      await uploads[1].finish(1000);
      const storage = await create();
      for (const { key } of await uploads[0].list(folder)) {
        await storage.remove({ key, finalKey: key, storageState: null });
      }
      assert.deepEqual(await uploads[0].list(folder), []);
    });

    it('has a state that survives JSON and does not grow with the chunks', async () => {
      const upload = new ContractUpload(create);
      const bytes = randomBytes(40_000);
      for (let at = 0; at < bytes.length; at += 1000) {
        await upload.append(bytes.subarray(at, at + 1000));
        assert.ok(JSON.stringify(upload.state).length <= LARGEST_STATE);
      }
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });
  });
}

async function isMissing(promise: Promise<unknown>): Promise<void> {
  await assert.rejects(
    promise,
    (error) => error instanceof ChunkedUploadError && error.code === 'bytes_missing',
  );
}
