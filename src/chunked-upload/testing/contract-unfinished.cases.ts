import assert from 'node:assert/strict';
import { isMissing, others, sample } from './contract-bytes.js';
import { ContractUpload } from './contract-upload.js';
import type { ContractCases } from './storage-contract.types.js';

const SIZE = 300_000;

/** Committed bytes can be read back before the file is finished. */
export function unfinishedCases({ it, create }: ContractCases, gap: string | undefined): void {
  if (gap !== undefined) {
    it(`cannot read back what is unfinished, as declared: ${gap}`, async () => {
      assert.equal(typeof (await create()).readUnfinished, 'undefined');
    });
    return;
  }

  it('reads back what is committed and unfinished', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(SIZE);
    await upload.append(bytes.subarray(0, 100_000));
    await readsBack(upload, bytes);
    const writer = await upload.take();
    await writer.write(bytes.subarray(100_000, 200_000), 30_000);
    await writer.commit();
    await readsBack(upload, bytes);
    await writer.write(sample(50_000));
    await writer.close();
    await readsBack(upload, bytes);
    await upload.append(bytes.subarray(200_000));
    await readsBack(upload, bytes);
  });

  it('reads back what a completion finished before it died', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(SIZE);
    await upload.append(bytes);
    const before = upload.state;
    await upload.finish(SIZE);
    upload.state = before;
    await readsBack(upload, bytes);
  });

  it('reads back nothing of a writer that wakes late', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(SIZE);
    await upload.append(bytes.subarray(0, 100_000));
    const stalled = await upload.stall(others(bytes.subarray(100_000, 150_000)));
    await upload.append(bytes.subarray(100_000, 250_000));
    await stalled.wake(others(bytes.subarray(150_000)));
    await readsBack(upload, bytes);
  });

  it('refuses to read back what is not there before the first byte', async () => {
    const upload = new ContractUpload(create);
    await isMissing(upload.openToReadBack({ start: 0, end: 0 }));
    await upload.append(sample(1000));
    await isMissing(upload.openToReadBack({ start: 0, end: 1000 }));
    await upload.remove();
    await isMissing(upload.openToReadBack({ start: 0, end: 999 }));
  });
}

/** All that is committed, its last byte, and a piece in its middle. */
async function readsBack(upload: ContractUpload, bytes: Buffer): Promise<void> {
  const last = upload.offset - 1;
  for (const [start, end] of [
    [0, last],
    [last, last],
    [65_535, last - 100],
  ] as const) {
    const actual = await upload.readBack({ start, end });
    assert.ok(actual.equals(bytes.subarray(start, end + 1)), `bytes ${start} to ${end}`);
  }
}
