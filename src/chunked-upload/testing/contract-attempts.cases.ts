import { others, sample } from './contract-bytes.js';
import { ContractUpload } from './contract-upload.js';
import type { ContractCases } from './storage-contract.types.js';

const SIZE = 300_000;

/** What a writer leaves that never commits, or does after others took its place, is no part of it. */
export function attemptCases({ it, create }: ContractCases): void {
  it('writes over what a writer left that never committed', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(SIZE);
    await upload.append(bytes.subarray(0, 100_000));
    await upload.abandon(sample(250_000));
    await upload.append(bytes.subarray(100_000));
    await upload.finish(bytes.length);
    await upload.holds(bytes);
  });

  it('leaves out of the file what was never committed at its end', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(100_000);
    await upload.append(bytes);
    await upload.abandon(sample(50_000));
    await upload.finish(bytes.length);
    await upload.holds(bytes);
  });

  it('begins anew over a first chunk that was never committed', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(1000);
    await upload.abandon(sample(5000));
    await upload.append(bytes);
    await upload.finish(bytes.length);
    await upload.holds(bytes);
  });

  it('leaves out of a file that came whole what a writer before it left', async () => {
    const upload = new ContractUpload(create);
    const bytes = sample(1000);
    await upload.abandon(sample(5000));
    await upload.whole(bytes);
    await upload.holds(bytes);
  });

  for (const start of [0, 100_000]) {
    it(`survives two writers in a row that never commit, from byte ${start} on`, async () => {
      const upload = new ContractUpload(create);
      const bytes = sample(SIZE);
      if (start > 0) await upload.append(bytes.subarray(0, start));
      await upload.abandon(sample(150_000));
      await upload.abandon(bytes.subarray(start, start + 120_000));
      await upload.append(bytes.subarray(start, 200_000));
      await upload.append(bytes.subarray(200_000));
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });

    for (const [kind, late] of [
      ['other bytes', others],
      ['the same bytes', (bytes: Buffer) => bytes],
    ] as const) {
      it(`keeps out a writer that wakes before the next one commits, with ${kind} from ${start} on`, async () => {
        const { upload, bytes, stalled, rest } = await stall(create, start, late);
        const next = await upload.take();
        await next.write(bytes.subarray(start, 170_000));
        await stalled.wake(rest);
        await next.write(bytes.subarray(170_000));
        await next.commit();
        await next.close();
        await upload.finish(SIZE);
        await upload.holds(bytes);
      });

      it(`keeps out a writer that wakes after the next one's commit, with ${kind} from ${start} on`, async () => {
        const { upload, bytes, stalled, rest } = await stall(create, start, late);
        await upload.append(bytes.subarray(start, 200_000));
        await stalled.wake(rest);
        await upload.append(bytes.subarray(200_000));
        await upload.finish(SIZE);
        await upload.holds(bytes);
      });

      it(`keeps out a writer that wakes after the end, with ${kind} from ${start} on`, async () => {
        const { upload, bytes, stalled, rest } = await stall(create, start, late);
        await upload.append(bytes.subarray(start));
        await upload.finish(SIZE);
        await stalled.wake(rest);
        await upload.holds(bytes);
        await upload.finish(SIZE);
        await upload.holds(bytes);
      });
    }

    it(`keeps out a writer that only opens late, from byte ${start} on`, async () => {
      const upload = new ContractUpload(create);
      const bytes = sample(SIZE);
      if (start > 0) await upload.append(bytes.subarray(0, start));
      const [first, second] = [upload.takeLate(), upload.takeLate()];
      await upload.append(bytes.subarray(start, 200_000));
      const late = others(bytes.subarray(start));
      await first(late.length).then((writer) => writer.wake(late), ignore);
      await upload.append(bytes.subarray(200_000));
      await second(late.length).then((writer) => writer.wake(late), ignore);
      await upload.finish(SIZE);
      await upload.holds(bytes);
    });
  }

  it('keeps out a writer that wakes beside two others that follow it', async () => {
    const { upload, bytes, stalled, rest } = await stall(create, 100_000, others);
    await upload.abandon(sample(150_000));
    const { length } = bytes.subarray(100_000, 200_000);
    const next = await upload.stall(sample(length));
    await upload.append(bytes.subarray(100_000, 200_000));
    await stalled.wake(rest);
    await next.wake(sample(length));
    await upload.append(bytes.subarray(200_000));
    await upload.finish(SIZE);
    await upload.holds(bytes);
  });

  it('keeps out a writer whose place another took that committed before its first byte, and died', async () => {
    const { upload, bytes, stalled, rest } = await stall(create, 100_000, others);
    const next = await upload.take();
    await next.commit();
    await next.close();
    await stalled.wake(rest);
    await upload.append(bytes.subarray(100_000));
    await upload.finish(SIZE);
    await upload.holds(bytes);
  });

  it('loses nothing when a writer that took the place of another writes nothing', async () => {
    const { upload, bytes, stalled } = await stall(create, 100_000, others);
    await upload.abandon(Buffer.alloc(0));
    await upload.append(bytes.subarray(100_000));
    await stalled.close();
    await upload.finish(SIZE);
    await upload.holds(bytes);
  });

  for (const moment of ['beside', 'after']) {
    it(`ends a file where it ends, with a writer that wakes ${moment} its completion`, async () => {
      const upload = new ContractUpload(create);
      const bytes = sample(100_000);
      await upload.append(bytes);
      const stalled = await upload.stall(sample(1000));
      if (moment === 'beside') await stalled.wake(sample(5000));
      await upload.finish(bytes.length);
      if (moment === 'after') await stalled.wake(sample(5000));
      await upload.holds(bytes);
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });
  }

  it('keeps out a writer that wakes late with one key for both states', async () => {
    const upload = new ContractUpload(create, { sameKey: true });
    const bytes = sample(SIZE);
    await upload.append(bytes.subarray(0, 100_000));
    const stalled = await upload.stall(sample(50_000));
    await upload.append(bytes.subarray(100_000));
    await upload.finish(SIZE);
    await stalled.wake(sample(50_000));
    await upload.finish(SIZE);
    await upload.holds(bytes);
  });
}

/** An upload with a writer that has written a part of its bytes, and has the rest of them to write. */
async function stall(
  create: ContractCases['create'],
  start: number,
  late: (bytes: Buffer) => Buffer,
) {
  const upload = new ContractUpload(create);
  const bytes = sample(SIZE);
  if (start > 0) await upload.append(bytes.subarray(0, start));
  const stalled = await upload.stall(late(bytes.subarray(start, start + 50_000)));
  return { upload, bytes, stalled, rest: late(bytes.subarray(start + 50_000)) };
}

// A storage may well refuse whoever comes late.
function ignore(): void {}
