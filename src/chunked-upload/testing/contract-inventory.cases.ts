import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sample } from './contract-bytes.js';
import { ContractUpload } from './contract-upload.js';
import type { ContractCases } from './storage-contract.types.js';

const MOST_CLOCK_SKEW = 5 * 60_000;

/** A storage knows what it has, and has nothing any more of what was removed. */
export function inventoryCases({ it, create }: ContractCases): void {
  it('removes in every state, and again', async () => {
    const upload = new ContractUpload(create);
    await upload.remove();
    await upload.append(sample(1000));
    await upload.remove();
    await upload.remove();
  });

  it('keeps uploads apart', async () => {
    const uploads = [new ContractUpload(create), new ContractUpload(create)];
    const contents = uploads.map(() => sample(50_000));
    await Promise.all(uploads.map((upload, i) => upload.append(contents[i] ?? Buffer.alloc(0))));
    await Promise.all(uploads.map((upload) => upload.finish(50_000)));
    await uploads[0]?.remove();
    await uploads[1]?.holds(contents[1] ?? Buffer.alloc(0));
  });

  it('tells whether bytes are there, in every state', async () => {
    const upload = new ContractUpload(create);
    assert.equal(await upload.hasBytes(0), false);
    await upload.append(sample(1000));
    assert.equal(await upload.hasBytes(1000), true);
    await upload.append(sample(500));
    assert.equal(await upload.hasBytes(1500), true);
    assert.equal(await upload.hasBytes(1501), false);
    await upload.finish(1500);
    assert.equal(await upload.hasBytes(1500), true);
    assert.equal(await upload.hasBytes(1501), false);
    await upload.remove();
    assert.equal(await upload.hasBytes(0), false);
  });

  it('tells whether bytes are there, also without the state', async () => {
    const upload = new ContractUpload(create);
    const bytes = async (size: number) =>
      (await create()).holds({ ...upload.file, storageState: null }, size);
    await upload.append(sample(1000));
    assert.equal(await bytes(1000), true);
    const stalled = await upload.stall(sample(100));
    await upload.append(sample(1000));
    await stalled.close();
    assert.equal(await bytes(2000), true);
    assert.equal(await bytes(2001), false);
    await upload.finish(2000);
    assert.equal(await bytes(2000), true);
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
      await upload.append(sample(1000));
    }
    await finished.finish(1000);
    await abandoned.abandon(sample(2000));
    await removed.remove();
    const listed = await unfinished.list(folder);
    const keys = new Set(listed.map(({ key }) => key));
    const expected = [unfinished.key, finished.finalKey];
    // A storage may have kept nothing of it, but must not keep it unseen.
    if (await abandoned.hasBytes(0)) expected.push(abandoned.key);
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
    await uploads[0].append(sample(1000));
    await uploads[1].append(sample(1000));
    await uploads[1].finish(1000);
    await removesListed(uploads[0], folder);
  });

  it('lists and removes what writers left that took the place of each other', async () => {
    const folder = `contract/${randomUUID()}`;
    const upload = new ContractUpload(create, { folder });
    await upload.append(sample(1000));
    const stalled = [await upload.stall(sample(500)), await upload.stall(sample(600))];
    for (const listed of await upload.list(folder)) assert.equal(listed.key, upload.key);
    await removesListed(upload, folder);
    for (const writer of stalled) await writer.close();
    assert.equal(await upload.hasBytes(0), false);
  });

  it('removes what lies beside a finished file, where it does that, and not the file', async () => {
    const folder = `contract/${randomUUID()}`;
    const upload = new ContractUpload(create, { folder });
    const bytes = sample(2000);
    await upload.append(bytes.subarray(0, 1000));
    const stalled = await upload.stall(sample(500));
    await upload.append(bytes.subarray(1000));
    await upload.finish(bytes.length);
    await stalled.wake(sample(500));
    const isDone = await upload.removeLeftovers();
    const listed = await upload.list(folder);
    if (isDone) assert.deepEqual([...new Set(listed.map(({ key }) => key))], [upload.finalKey]);
    if (isDone) assert.ok(listed.every(({ finished }) => finished !== false));
    await upload.holds(bytes);
  });

  it('leaves nothing when an upload is removed, whoever wrote it', async () => {
    const folder = `contract/${randomUUID()}`;
    const upload = new ContractUpload(create, { folder });
    await upload.append(sample(1000));
    const stalled = await upload.stall(sample(500));
    await upload.append(sample(1000));
    await stalled.close();
    await upload.remove();
    assert.deepEqual(await upload.list(folder), []);
    assert.equal(await upload.hasBytes(0), false);
  });
}

/** As the reconciliation removes what no record knows. */
async function removesListed(upload: ContractUpload, folder: string): Promise<void> {
  const listed = await upload.list(folder);
  assert.notDeepEqual(listed, []);
  for (const { key } of listed) await upload.removeByKey(key);
  assert.deepEqual(await upload.list(folder), []);
}
