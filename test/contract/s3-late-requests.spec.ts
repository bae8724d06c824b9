import {
  S3Double,
  type S3Hook,
  type S3Mode,
  type S3Outcome,
  S3_MODES,
} from 'nestjs-chunked-upload/testing';
import { S3Storage } from 'nestjs-chunked-upload/s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MIB, others, sample } from '../../src/chunked-upload/testing/contract-bytes.js';
import { ContractUpload } from '../../src/chunked-upload/testing/contract-upload.js';
import { TURN, rounds } from '../support/rounds.js';
import { storeOptions } from '../support/store-options.js';
import { until } from '../support/waiting.js';

// Of a writer that was fenced out, requests may be on their way for as long as a network likes, and
// land at any time. The published contract cannot let them: here the double does.

const BUCKET = 'late';
const SIZE = 20 * MIB + 5;
const PIECE = 256 * 1024;
const HOUR = 3_600_000;
const KINDS = { equal: (bytes: Buffer) => bytes, other: others };

const storageAt = (double: S3Double): S3Storage =>
  new S3Storage({ bucket: BUCKET, ...storeOptions(double) });

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

const MODES = Object.keys(S3_MODES) as S3Mode[];
/** Each mode takes some of the cases, by turns those of FAULT_TURN or of the day; all with LONG=1. */
const SHARE = rounds(10) === 10 ? 1 : 3;

describe.each(MODES)('On a store like %s', (mode) => {
  let place = MODES.indexOf(mode) + TURN;
  const itInTurn = (name: string, run: () => Promise<void>): void => {
    place += 1;
    if (place % SHARE === 0) it(name, run);
  };
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
    const writing = writer.write(late(bytes.subarray(from, from + 17 * MIB)), PIECE);
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

  for (const from of [0, 6 * MIB]) {
    for (const [kind, late] of Object.entries(KINDS)) {
      const whose = `${kind} bytes of a writer that was given up at MiB ${from / MIB}`;

      itInTurn(
        `${whose} are no part of the file when they land before the next commit`,
        async () => {
          const { upload, bytes, held, end } = await stall(from, late);
          const next = await upload.take();
          await next.write(bytes.subarray(from, 14 * MIB), PIECE);
          await held.letGo();
          await next.write(bytes.subarray(14 * MIB), PIECE);
          await next.commit();
          await next.close();
          await upload.finish(SIZE);
          await upload.holds(bytes);
          await end();
        },
      );

      itInTurn(
        `${whose} are no part of the file when they land after the next commit`,
        async () => {
          const { upload, bytes, held, end } = await stall(from, late);
          await upload.append(bytes.subarray(from, 18 * MIB), PIECE);
          await held.letGo();
          await upload.append(bytes.subarray(18 * MIB), PIECE);
          await upload.finish(SIZE);
          await upload.holds(bytes);
          await end();
        },
      );

      itInTurn(`${whose} are no part of the file when they land after its end`, async () => {
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

// Numbers that writers may have used are not used again: there are not as many as there are writers.
describe.each(['aws', 'ceph', 'mega', 'b2'] as const)('On %s, which takes few parts', (mode) => {
  it('an upload is completed, however often it was taken without a commit', async () => {
    const maxParts = 20;
    const double = await S3Double.start({ mode, rules: { maxParts }, buckets: [BUCKET] });
    const upload = new ContractUpload(() => storageAt(double));
    const bytes = sample(SIZE);
    try {
      await upload.append(bytes.subarray(0, 6 * MIB), PIECE);
      for (let taken = 0; taken < 2 * maxParts; taken += 1) await upload.abandon(Buffer.alloc(0));
      await upload.append(bytes.subarray(6 * MIB, 13 * MIB), PIECE);
      await upload.append(bytes.subarray(13 * MIB), PIECE);
      await upload.finish(SIZE);
      await upload.holds(bytes);
    } finally {
      await double.close();
    }
  });
});

it('What is acknowledged of a file of unknown size can be completed, whatever numbers were left out', async () => {
  const maxParts = 16;
  const double = await S3Double.start({ rules: { maxParts }, buckets: [BUCKET] });
  const upload = new ContractUpload(() => storageAt(double));
  const chunk = sample(5 * MIB);
  try {
    await upload.append(chunk);
    while (upload.offset < maxParts * chunk.length) {
      // One that is never committed, and one that is.
      await upload.abandon(others(chunk)).catch(() => undefined);
      const refusal = await upload.append(chunk).then(
        () => null,
        ({ code }: { code?: string }) => code,
      );
      if (refusal === null) continue;
      expect(refusal).toBe('exceeds_storage');
      break;
    }
    expect(upload.offset).toBeGreaterThan(4 * chunk.length);
    await upload.finish(upload.offset);
  } finally {
    await double.close();
  }
});

describe('Parts whose ETags are no sums of their bytes', () => {
  it('are the same parts when a request lands again that was given up', async () => {
    const double = await S3Double.start({ buckets: [BUCKET] });
    const place = { bucket: BUCKET, ...storeOptions(double) };
    const encrypted = () => new S3Storage({ ...place, serverSideEncryption: 'aws:kms' });
    const upload = new ContractUpload(encrypted);
    const bytes = sample(SIZE);
    try {
      const late: (() => Promise<S3Outcome>)[] = [];
      // The connection breaks, and the store does it all the same, later.
      const end = double.on('UploadPart', async (_, proceed) => {
        late.push(proceed);
        return late.length === 1 ? null : proceed();
      });
      await upload.append(bytes.subarray(0, 6 * MIB), PIECE);
      await late[0]?.();
      await upload.append(bytes.subarray(6 * MIB), PIECE);
      await late[0]?.();
      end();
      expect(late.length).toBeGreaterThan(2);
      expect(await upload.hasBytes(SIZE)).toBe(true);
      await upload.finish(SIZE);
      await upload.holds(bytes);
    } finally {
      await double.close();
    }
  });
});

it('A multipart upload that was begun twice, since its answer was lost, leaves nothing', async () => {
  const double = await S3Double.start({ buckets: [BUCKET] });
  try {
    double.inject('CreateMultipartUpload', 'after');
    const upload = new ContractUpload(() => storageAt(double));
    const bytes = sample(12 * MIB);
    await upload.append(bytes.subarray(0, 6 * MIB), PIECE);
    await upload.append(bytes.subarray(6 * MIB), PIECE);
    await upload.finish(bytes.length);
    await upload.holds(bytes);
    expect(double.stored(BUCKET)).toHaveLength(1);
  } finally {
    await double.close();
  }
});

it('A multipart upload that is begun yet when its writer ends is ended with it', async () => {
  const double = await S3Double.start({ buckets: [BUCKET] });
  try {
    const planned = double.inject('CreateMultipartUpload', 'late', { lateMs: 300 });
    const upload = new ContractUpload(() => storageAt(double));
    // Its client has announced a part, and is gone when it has sent a byte.
    const writer = await upload.take(12 * MIB);
    await writer.write(sample(1));
    await planned.met;
    await writer.close();
    expect(double.stored(BUCKET)).toEqual([]);
  } finally {
    await double.close();
  }
});

describe('A multipart upload whose process died when it had a byte', () => {
  let double: S3Double;
  let upload: ContractUpload;
  beforeEach(async () => {
    double = await S3Double.start({ buckets: [BUCKET] });
    upload = new ContractUpload(() => storageAt(double));
    const dead = await upload.take(12 * MIB);
    await dead.write(sample(1));
    await until('it has begun', () => double.stored(BUCKET).length === 1);
  });
  afterEach(() => double.close());

  it('is listed, so that it can be removed where there is no record', async () => {
    expect((await upload.list('')).map(({ key }) => key)).toEqual([upload.finalKey]);
    await upload.removeByKey(upload.finalKey);
    expect(double.stored(BUCKET)).toEqual([]);
  });

  it('is removed with its upload', async () => {
    await upload.remove();
    expect(double.stored(BUCKET)).toEqual([]);
  });

  it.each([MIB, 12 * MIB])('is gone when a file of %s bytes has been completed', async (size) => {
    await upload.append(sample(size), PIECE);
    await upload.finish(size);
    expect(double.stored(BUCKET)).toHaveLength(1);
  });
});

describe('On R2, where a request that fails takes along what is there under its number', () => {
  it('a part whose answer was lost is sent under another one', async () => {
    const double = await S3Double.start({ mode: 'r2', buckets: [BUCKET] });
    const upload = new ContractUpload(() => storageAt(double));
    const bytes = sample(12 * MIB);
    try {
      double.inject('UploadPart', 'after', { nth: 2 });
      await upload.append(bytes.subarray(0, 6 * MIB), PIECE);
      await upload.append(bytes.subarray(6 * MIB), PIECE);
      const used = double.log.flatMap(({ operation, partNumber }) =>
        operation === 'UploadPart' ? [partNumber] : [],
      );
      expect(used).toEqual([1, 2, 3]);
      await upload.finish(bytes.length);
      await upload.holds(bytes);
      expect(double.stored(BUCKET)).toHaveLength(1);
    } finally {
      await double.close();
    }
  });
});

describe.each(['aws', 'r2', 'ceph', 'mega'] as const)(
  'On %s, what a process remembers of its parts',
  (mode) => {
    const bytes = sample(13 * MIB);
    let double: S3Double;
    let processes: S3Storage[];
    let turn: 0 | 1;
    let upload: ContractUpload;
    beforeEach(async () => {
      double = await S3Double.start({ mode, buckets: [BUCKET] });
      processes = [storageAt(double), storageAt(double)];
      turn = 0;
      upload = new ContractUpload(() => processes[turn] as S3Storage);
      await upload.append(bytes.subarray(0, 6 * MIB), PIECE);
    });
    afterEach(() => double.close());

    /** The requests of `work` that ask for parts. */
    async function listings(work: () => Promise<void>): Promise<number> {
      const before = double.log.length;
      await work();
      return double.log.slice(before).filter(({ operation }) => operation === 'ListParts').length;
    }

    it('is enough where nobody else wrote', async () => {
      await upload.append(bytes.subarray(6 * MIB), PIECE);
      expect(await listings(() => upload.finish(bytes.length))).toBe(0);
      await upload.holds(bytes);
      expect(double.stored(BUCKET)).toHaveLength(1);
    });

    it('is not enough where another one left a part that was never committed', async () => {
      turn = 1;
      await upload.abandon(others(bytes.subarray(6 * MIB)), PIECE);
      turn = 0;
      await upload.append(bytes.subarray(6 * MIB), PIECE);
      expect(await listings(() => upload.finish(bytes.length))).toBeGreaterThan(0);
      await upload.holds(bytes);
      expect(double.stored(BUCKET)).toHaveLength(1);
    });

    it('is not enough where another one committed one between its own', async () => {
      turn = 1;
      await upload.append(bytes.subarray(6 * MIB, 12 * MIB), PIECE);
      turn = 0;
      await upload.append(bytes.subarray(12 * MIB), PIECE);
      expect(await listings(() => upload.finish(bytes.length))).toBeGreaterThan(0);
      await upload.holds(bytes);
      expect(double.stored(BUCKET)).toHaveLength(1);
    });

    it('is no reason to fail where another one has completed the file, and could not say so', async () => {
      await upload.append(bytes.subarray(6 * MIB), PIECE);
      await processes[1]?.finish(upload.file, bytes.length, { attempt: 1, contested: false });
      await upload.finish(bytes.length);
      await upload.holds(bytes);
      expect(double.stored(BUCKET)).toHaveLength(1);
    });
  },
);

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
