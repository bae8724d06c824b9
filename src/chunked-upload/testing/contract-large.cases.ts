import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { MIB, others, sample } from './contract-bytes.js';
import { ContractUpload } from './contract-upload.js';
import type { ContractCases } from './storage-contract.types.js';

// Storages that gather bytes before they store them do so by several MiB: what holds for one
// gathering must hold for many of them, and where they end within a chunk.

const PIECE = 256 * 1024;
const FIRST = 5 * MIB;
const SIZE = 16 * MIB + 5;
const LARGEST_STATE = 8 * 1024;

type Kind = (bytes: Buffer) => Buffer;

const KINDS: Readonly<Record<string, Kind>> = {
  'the same bytes': (bytes) => bytes,
  'other bytes': others,
  'the same bytes and then others': (bytes) => {
    const half = Math.floor(bytes.length / 2);
    return Buffer.concat([bytes.subarray(0, half), others(bytes.subarray(half))]);
  },
};

export function largeCases({ it, create }: ContractCases, gap: string | undefined): void {
  it('takes chunks of all sizes, many MiB of them', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(SIZE);
    const sizes = [1, 64 * 1024, 3 * MIB - 1, 7 * MIB + 1, 1, 2 * MIB, MIB, MIB, SIZE];
    for (const size of sizes) {
      const { offset } = upload;
      await upload.append(bytes.subarray(offset, offset + size), PIECE);
      assert.ok(JSON.stringify(upload.state).length <= LARGEST_STATE);
    }
    await upload.finish(SIZE);
    await upload.holds(bytes);
    await upload.finish(SIZE);
    await upload.holds(bytes);
  });

  it('takes many small chunks, many MiB of them', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(12 * MIB + 5);
    while (upload.offset < bytes.length) {
      await upload.append(bytes.subarray(upload.offset, upload.offset + 300_000));
      assert.ok(JSON.stringify(upload.state).length <= LARGEST_STATE);
    }
    await upload.finish(bytes.length);
    await upload.holds(bytes);
  });

  for (const from of [0, FIRST]) {
    for (const [kind, left] of Object.entries(KINDS)) {
      it(`survives a writer that leaves many MiB of ${kind}, from MiB ${from / MIB} on`, async () => {
        const upload = new ContractUpload(create);
        const bytes = sample(SIZE);
        const to = Math.min(from + 12 * MIB, 14 * MIB);
        if (from > 0) await upload.append(bytes.subarray(0, from), PIECE);
        await upload.abandon(left(bytes.subarray(from, from + 6 * MIB + 3)), PIECE);
        await upload.append(bytes.subarray(from, to), PIECE);
        await upload.append(bytes.subarray(to), PIECE);
        await upload.finish(SIZE);
        await upload.holds(bytes);
      });
    }
  }

  it('survives writers that leave many MiB, two in a row, again and again', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(SIZE);
    await upload.append(bytes.subarray(0, FIRST), PIECE);
    for (const end of [11 * MIB, 15 * MIB, SIZE]) {
      const rest = bytes.subarray(upload.offset, end);
      await upload.abandon(others(bytes.subarray(upload.offset)), PIECE);
      await upload.abandon(bytes.subarray(upload.offset), PIECE);
      await upload.append(rest, PIECE);
    }
    await upload.finish(SIZE);
    await upload.holds(bytes);
  });

  it('keeps what a writer of many MiB committed on its way, and nothing more of it', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(SIZE);
    const writer = await upload.take(SIZE);
    for (const end of [5 * MIB, 6 * MIB, 9 * MIB]) {
      await writer.write(bytes.subarray(upload.offset, end), PIECE);
      await writer.commit();
    }
    await writer.write(sample(6 * MIB), PIECE);
    await writer.close();
    await upload.append(bytes.subarray(9 * MIB), PIECE);
    await upload.finish(SIZE);
    await upload.holds(bytes);
  });

  for (const [kind, late] of Object.entries(KINDS).slice(0, 2)) {
    it(`keeps out a writer of many MiB that wakes before the next one commits, with ${kind}`, async () => {
      const { upload, bytes, stalled, rest } = await stall(create, late);
      const next = await upload.take();
      await next.write(bytes.subarray(FIRST, 11 * MIB), PIECE);
      await stalled.wake(rest);
      await next.write(bytes.subarray(11 * MIB), PIECE);
      await next.commit();
      await next.close();
      await upload.finish(SIZE);
      await upload.holds(bytes);
    });

    it(`keeps out a writer of many MiB that wakes after the next one's commit, with ${kind}`, async () => {
      const { upload, bytes, stalled, rest } = await stall(create, late);
      await upload.append(bytes.subarray(FIRST, 15 * MIB), PIECE);
      await stalled.wake(rest);
      await upload.append(bytes.subarray(15 * MIB), PIECE);
      await upload.finish(SIZE);
      await upload.holds(bytes);
    });

    it(`keeps out a writer of many MiB that wakes after the end, with ${kind}`, async () => {
      const { upload, bytes, stalled, rest } = await stall(create, late);
      await upload.append(bytes.subarray(FIRST), PIECE);
      await upload.finish(SIZE);
      await stalled.wake(rest);
      await upload.holds(bytes);
      await upload.finish(SIZE);
      await upload.holds(bytes);
    });
  }

  it('leaves nothing of many MiB when an upload is removed, whoever wrote it', async () => {
    const folder = `contract/${randomUUID()}`;
    const upload = new ContractUpload(create, { folder });
    await upload.append(sample(FIRST), PIECE);
    await upload.abandon(sample(FIRST), PIECE);
    const stalled = await upload.stall(sample(FIRST));
    await upload.append(sample(FIRST), PIECE);
    await stalled.close();
    await upload.remove();
    assert.deepEqual(await upload.list(folder), []);
    assert.equal(await upload.hasBytes(0), false);
  });

  const isGap = gap !== undefined;
  const what = 'many MiB that were never committed';
  it(
    isGap ? `cannot list ${what}, as declared: ${gap}` : `lists ${what}, and removes them by that`,
    async () => {
      const folder = `contract/${randomUUID()}`;
      const upload = new ContractUpload(create, { folder });
      const writer = await upload.take(12 * MIB);
      await writer.write(sample(12 * MIB), PIECE);
      await writer.die();
      const keys = new Set((await upload.list(folder)).map(({ key }) => key));
      const ofUpload = [upload.key, upload.finalKey].filter((key) => keys.has(key));
      assert.deepEqual([...keys].toSorted(), ofUpload.toSorted());
      assert.equal(keys.size > 0, !isGap);
      for (const key of keys) await upload.removeByKey(key);
      assert.deepEqual(await upload.list(folder), []);
    },
  );
}

/** The first bytes of an upload, and a writer of the rest that has written some of it. */
async function stall(create: ContractCases['create'], late: Kind) {
  const upload = new ContractUpload(create);
  const bytes = sample(SIZE);
  await upload.append(bytes.subarray(0, FIRST), PIECE);
  const stalled = await upload.stall(late(bytes.subarray(FIRST, 2 * FIRST)));
  return { upload, bytes, stalled, rest: late(bytes.subarray(2 * FIRST)) };
}
