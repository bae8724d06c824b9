import assert from 'node:assert/strict';
import { MIB, isMissing, sample } from './contract-bytes.js';
import { ContractUpload } from './contract-upload.js';
import type { ContractCases } from './storage-contract.types.js';

const LARGEST_STATE = 8 * 1024;

/** What is written, one writer after the other, is the file. */
export function writingCases({ it, create }: ContractCases): void {
  it('gives back what was written, through several buffers and writes', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(3 * MIB + 17);
    await upload.append(bytes, 64 * 1024);
    await upload.finish(bytes.length);
    await upload.holds(bytes);
  });

  it('continues at the committed offset, in another provider', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(700_001);
    for (let at = 0; at < bytes.length; at += 100_000) {
      await upload.append(bytes.subarray(at, at + 100_000));
    }
    await upload.finish(bytes.length);
    await upload.holds(bytes);
  });

  it('keeps an empty file', async () => {
    const upload = new ContractUpload(create);
    await upload.append(Buffer.alloc(0));
    await upload.finish(0);
    await upload.holds(Buffer.alloc(0));
  });

  it('works with one key for both states', async () => {
    const upload = new ContractUpload(create, { sameKey: true });
    const bytes = sample(20_000);
    await upload.append(bytes.subarray(0, 5000));
    await upload.append(bytes.subarray(5000));
    await upload.finish(bytes.length);
    await upload.finish(bytes.length);
    await upload.holds(bytes);
  });

  it('syncs a writer several times, and goes on from the last of them', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(900_000);
    const writer = await upload.take();
    for (let at = 0; at < 600_000; at += 150_000) {
      await writer.write(bytes.subarray(at, at + 150_000), 64 * 1024);
      await writer.commit();
      assert.equal(await upload.hasBytes(upload.offset), true);
    }
    await writer.write(sample(200_000));
    await writer.close();
    await upload.append(bytes.subarray(600_000));
    await upload.finish(bytes.length);
    await upload.holds(bytes);
  });

  it('keeps all of a writer that syncs several times', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(300_000);
    await upload.append(bytes.subarray(0, 50_000));
    const writer = await upload.take();
    for (const [start, end] of [
      [50_000, 100_000],
      [100_000, 100_000],
      [100_000, 300_000],
    ]) {
      await writer.write(bytes.subarray(start, end));
      await writer.commit();
    }
    await writer.close();
    await upload.finish(bytes.length);
    await upload.holds(bytes);
  });

  it('takes more than 64 MiB from one writer', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(70 * MIB + 3);
    const writer = await upload.take(bytes.length);
    await writer.write(bytes.subarray(0, 35 * MIB), 256 * 1024);
    await writer.commit();
    await writer.write(bytes.subarray(35 * MIB), 256 * 1024);
    await writer.commit();
    await writer.close();
    await upload.finish(bytes.length);
    await upload.holds(bytes);
  });

  it('finishes a file that came whole', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(100_000);
    await upload.whole(bytes);
    await upload.holds(bytes);
    await upload.finish(bytes.length);
    await upload.holds(bytes);
  });

  it('finishes again, with the state from before and after, to the same file', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(10_000);
    await upload.append(bytes);
    const before = upload.state;
    await upload.finish(bytes.length);
    await upload.finish(bytes.length);
    upload.state = before;
    await upload.finish(bytes.length);
    await upload.holds(bytes);
  });

  it('refuses to continue where bytes are missing', async () => {
    const upload = new ContractUpload(create);
    await upload.append(sample(1000));
    await upload.remove();
    await isMissing(upload.append(sample(10)));
    await isMissing(upload.finish(1000));
  });

  it('has a state that survives JSON and does not grow with the chunks', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(40_000);
    for (let at = 0; at < bytes.length; at += 1000) {
      await upload.append(bytes.subarray(at, at + 1000));
      assert.ok(JSON.stringify(upload.state).length <= LARGEST_STATE);
    }
    await upload.finish(bytes.length);
    await upload.holds(bytes);
  });
}
