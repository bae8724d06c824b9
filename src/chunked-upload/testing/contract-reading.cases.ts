import assert from 'node:assert/strict';
import { isMissing, sample } from './contract-bytes.js';
import { ContractUpload } from './contract-upload.js';
import type { ContractCases } from './storage-contract.types.js';

/** A finished file is read whole or in part, and no other is. */
export function readingCases({ it, create }: ContractCases): void {
  it('reads ranges, first and last byte included', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(300_000);
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

  it('refuses to read what is not there before the first byte', async () => {
    const upload = new ContractUpload(create);
    await isMissing(upload.openToRead());
    await upload.append(sample(1000));
    await isMissing(upload.openToRead());
    await upload.finish(1000);
    await upload.remove();
    await isMissing(upload.openToRead());
  });
}
