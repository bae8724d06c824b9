import {
  S3Double,
  type S3Hook,
  type S3Mode,
  type S3Outcome,
  S3_MODES,
} from 'nestjs-chunked-upload/testing';
import { S3Storage } from 'nestjs-chunked-upload/s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MIB, others, sample } from '../../src/chunked-upload/testing/contract-bytes.js';
import { ContractUpload } from '../../src/chunked-upload/testing/contract-upload.js';

// Of a writer that was fenced out, requests may be on their way for as long as a network likes, and
// land at any time. The published contract cannot let them: here the double does.

const BUCKET = 'late';
const SIZE = 33 * MIB + 5;
const PIECE = 256 * 1024;
const HOUR = 3_600_000;
const KINDS = { equal: (bytes: Buffer) => bytes, other: others };

const storageAt = ({ endpoint, region, credentials }: S3Double): S3Storage =>
  new S3Storage({ bucket: BUCKET, endpoint, region, credentials });

/** Requests that bring bytes, held back until they are let go. */
class HeldRequests {
  /** Resolves when there is one. */
  readonly met: Promise<void>;
  #meet: () => void = () => undefined;
  #letGo: () => void = () => undefined;
  readonly #gate: Promise<void>;
  readonly #landed: Promise<S3Outcome>[] = [];
  readonly #ends: (() => void)[];

  constructor(double: S3Double) {
    this.met = new Promise((resolve) => {
      this.#meet = resolve;
    });
    this.#gate = new Promise((resolve) => {
      this.#letGo = resolve;
    });
    const hook: S3Hook = (_, proceed) => {
      const landed = this.#gate.then(proceed);
      this.#landed.push(landed);
      this.#meet();
      return landed;
    };
    this.#ends = [double.on('UploadPart', hook), double.on('PutObject', hook)];
  }

  /** Those that come from now on pass. */
  holdNoMore(): void {
    for (const end of this.#ends) end();
  }

  async letGo(): Promise<void> {
    this.#letGo();
    await Promise.all(this.#landed);
  }
}

describe.each(Object.keys(S3_MODES) as S3Mode[])('On a store like %s', (mode) => {
  let double: S3Double;
  beforeAll(async () => {
    double = await S3Double.start({ mode, buckets: [BUCKET] });
  });
  afterEach(() => {
    double.removeHooks();
    double.clear();
  });
  afterAll(() => double.close());

  /** An upload with a writer whose requests are held back, and that others have given up. */
  async function stall(from: number, late: (bytes: Buffer) => Buffer) {
    const upload = new ContractUpload(() => storageAt(double));
    const bytes = sample(SIZE);
    if (from > 0) await upload.append(bytes.subarray(0, from), PIECE);
    const writer = await upload.stall(Buffer.alloc(0));
    const held = new HeldRequests(double);
    const writing = writer.write(late(bytes.subarray(from, from + 18 * MIB)), PIECE);
    const written = writing.catch(() => undefined);
    await held.met;
    held.holdNoMore();
    const end = async () => {
      await written;
      await writer.close();
      await upload.remove();
      expect(double.stored(BUCKET)).toEqual([]);
    };
    return { upload, bytes, held, end };
  }

  for (const from of [0, 9 * MIB]) {
    for (const [kind, late] of Object.entries(KINDS)) {
      const whose = `${kind} bytes of a writer that was given up at MiB ${from / MIB}`;

      it(`${whose} are no part of the file when they land before the next commit`, async () => {
        const { upload, bytes, held, end } = await stall(from, late);
        const next = await upload.take();
        await next.write(bytes.subarray(from, 20 * MIB), PIECE);
        await held.letGo();
        await next.write(bytes.subarray(20 * MIB), PIECE);
        await next.commit();
        await next.close();
        await upload.finish(SIZE);
        await upload.holds(bytes);
        await end();
      });

      it(`${whose} are no part of the file when they land after the next commit`, async () => {
        const { upload, bytes, held, end } = await stall(from, late);
        await upload.append(bytes.subarray(from, 30 * MIB), PIECE);
        await held.letGo();
        await upload.append(bytes.subarray(30 * MIB), PIECE);
        await upload.finish(SIZE);
        await upload.holds(bytes);
        await end();
      });

      it(`${whose} are no part of the file when they land after its end`, async () => {
        const { upload, bytes, held, end } = await stall(from, late);
        await upload.append(bytes.subarray(from), PIECE);
        await upload.finish(SIZE);
        await held.letGo();
        await upload.holds(bytes);
        await upload.finish(SIZE);
        await upload.holds(bytes);
        await end();
      });
    }
  }
});

describe.each(['minio', 'r2'] as const)('An upload that %s has removed by itself', (mode) => {
  let double: S3Double;
  beforeAll(async () => {
    double = await S3Double.start({ mode, buckets: [BUCKET] });
  });
  afterAll(() => double.close());

  it('is missing, for whoever goes on and for whoever completes it', async () => {
    for (const act of ['append', 'finish'] as const) {
      const upload = new ContractUpload(() => storageAt(double));
      const bytes = sample(30 * MIB);
      await upload.append(bytes.subarray(0, 20 * MIB), PIECE);
      double.turnClock((double.rules.uploadsVanishAfter ?? 0) + HOUR);
      const acted =
        act === 'append' ? upload.append(bytes.subarray(20 * MIB), PIECE) : upload.finish(20 * MIB);
      await expect(acted).rejects.toMatchObject({ code: 'bytes_missing' });
      await upload.remove();
      expect(double.stored(BUCKET)).toEqual([]);
    }
  });
});
