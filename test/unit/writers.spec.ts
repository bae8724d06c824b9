import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ChunkedUpload } from '../../src/chunked-upload/chunked-upload.entity.js';
import { ChunkedUploadError } from '../../src/chunked-upload/chunked-upload.errors.js';
import type { LeaseRepository } from '../../src/chunked-upload/database/lease.repository.js';
import { ChunkBody } from '../../src/chunked-upload/engine/chunk-body.js';
import type { Claim } from '../../src/chunked-upload/engine/claim.js';
import { Writers } from '../../src/chunked-upload/engine/writers.js';
import { UploadMeasurements } from '../../src/chunked-upload/measurements/upload-measurements.js';
import { until } from '../support/waiting.js';

const LEASE_MS = 500;

/** One row, and a database whose answers may come late. */
class OneRow {
  readonly id = randomUUID();
  token: string | null = null;
  /** How often it has been leased. */
  leases = 0;
  #until = 0;
  /** Where not null, the next lease is answered when this settles. */
  nextAnswer: Promise<void> | null = null;

  async lease(_: string, token: string) {
    if (this.token !== null && performance.now() < this.#until) return null;
    this.token = token;
    this.leases += 1;
    this.#until = performance.now() + LEASE_MS;
    const { nextAnswer } = this;
    this.nextAnswer = null;
    await nextAnswer;
    const upload = { creator: null, offset: 0, attempt: 1, total: null, status: 1 };
    return { upload, before: null };
  }

  async look() {
    const upload = { leaseToken: this.token, leaseHolder: null, offset: 0, status: 1, total: null };
    return { upload, expired: false, leased: performance.now() < this.#until };
  }

  /** Where not null, what gives a lease back is never answered: the limits of these statements. */
  limits: number[] | null = null;

  async release(_: string, token: string, __: object, limitMs = Number.POSITIVE_INFINITY) {
    if (this.limits) {
      this.limits.push(limitMs);
      await sleep(Math.min(limitMs, 10_000));
      throw new Error('No answer');
    }
    if (this.token !== token) return false;
    this.token = null;
    return true;
  }

  /** How often it has been asked to renew. */
  renewals = 0;
  /** Whether another process has aborted it. */
  aborted = false;
  /** How many of the next renewals get no answer, and change nothing. */
  unanswered = 0;

  async renew(held: readonly { id: string; token: string }[]) {
    this.renewals += held.length;
    if (this.unanswered > 0) {
      this.unanswered -= 1;
      return new Promise<never>(() => undefined);
    }
    this.#until = performance.now() + LEASE_MS;
    const { aborted } = this;
    const seen = { removed: false, aborted, takeoverRequested: false };
    return held.map(({ id }) => ({ id, ...seen, held: !aborted, renewed: !aborted }));
  }

  async requestTakeover() {
    // Nobody hears it.
  }
}

function writersOf(row: OneRow): Writers<ChunkedUpload> {
  const leases = row as unknown as LeaseRepository<ChunkedUpload>;
  return new Writers(leases, LEASE_MS, new UploadMeasurements('uploads'), LEASE_MS);
}

function claimOf({ id }: OneRow): Claim {
  return { id, scope: undefined, offset: null, total: null, body: null };
}

function claimWith(row: OneRow, body: ChunkBody | null): Claim {
  return { ...claimOf(row), body };
}

describe('A lease whose answer came when it was over', () => {
  it('leaves the upload to the writer that has it by then', async () => {
    const row = new OneRow();
    const writers = writersOf(row);
    let answer!: () => void;
    row.nextAnswer = new Promise((resolve) => (answer = resolve));
    const late = writers.claim(claimOf(row)).catch((error: unknown) => error);
    await sleep(LEASE_MS + 20);
    const { writer } = await writers.claim(claimOf(row));
    answer();
    expect(await late).toMatchObject({ code: 'busy' });
    expect(row.token).toBe(writer.token);
    expect(writers.isReceiving(row.id)).toBe(true);
    writers.end(writer);
    expect(writers.isReceiving(row.id)).toBe(false);
  });

  it('is given back, and taken anew where nobody has it', async () => {
    const row = new OneRow();
    const writers = writersOf(row);
    row.nextAnswer = sleep(LEASE_MS + 20);
    const { writer } = await writers.claim(claimOf(row));
    expect(row.leases).toBe(2);
    expect(row.token).toBe(writer.token);
    writer.assertLeased();
    writers.end(writer);
  });
});

describe('Who asks where to go on', () => {
  it('waits for a writer whose connection broke, however slowly the kernel hands that over', async () => {
    const row = new OneRow();
    const writers = writersOf(row);
    const body = new ChunkBody();
    const { writer } = await writers.claim(claimWith(row, body));
    let pieces = 10;
    const read = (): void => {
      body.push(Buffer.from('x'));
      pieces -= 1;
      if (pieces > 0) setImmediate(read);
      else body.fail(new Error('The connection broke'));
    };
    read();
    let hasEnded = false;
    const asked = writers.endWriter(row.id, undefined, 'silent').then(() => hasEnded);
    await until('it has broken', () => body.isOver);
    await sleep(20);
    hasEnded = true;
    writers.end(writer);
    expect(await asked).toBe(true);
  });
});

describe('The lease of a writer that was asked to stop and does not', () => {
  it('is renewed for as long as one call may take', async () => {
    const row = new OneRow();
    const writers = writersOf(row);
    const { writer } = await writers.claim(claimWith(row, new ChunkBody()));
    await until('it is renewed', () => row.renewals > 0);
    expect(await writers.stop(row.id, ChunkedUploadError.aborted())).toBe(false);
    await sleep(LEASE_MS);
    const { renewals } = row;
    await sleep(LEASE_MS);
    expect(row.renewals).toBe(renewals);
    expect(() => writer.assertLeased()).toThrow();
    // In another process.
    const others = writersOf(row);
    const next = await others.claim(claimOf(row));
    expect(row.token).toBe(next.writer.token);
    others.end(next.writer);
    writers.end(writer);
  });

  it('is renewed until the end where that is a completion', async () => {
    const row = new OneRow();
    const writers = writersOf(row);
    const { writer } = await writers.claim(claimOf(row));
    const closed = writers.close();
    await sleep(2 * LEASE_MS);
    const { renewals } = row;
    await until('it is renewed', () => row.renewals > renewals);
    writer.assertLeased();
    writers.end(writer);
    await closed;
  });
});

describe('A renewal that is never answered', () => {
  it('does not keep those after it from renewing the lease', async () => {
    const row = new OneRow();
    const writers = writersOf(row);
    row.unanswered = 1;
    const { writer } = await writers.claim(claimOf(row));
    await until('it is sent', () => row.renewals === 1);
    await sleep(LEASE_MS);
    const { renewals } = row;
    await until('it is renewed', () => row.renewals > renewals);
    writer.assertLeased();
    writers.end(writer);
  });

  it('is one of few: each may hold a connection', async () => {
    const row = new OneRow();
    const writers = writersOf(row);
    row.unanswered = 100;
    const { writer } = await writers.claim(claimOf(row));
    await until('four are sent', () => row.renewals === 4);
    await sleep(LEASE_MS);
    expect(row.renewals).toBe(4);
    expect(() => writer.assertLeased()).toThrow();
    writers.end(writer);
  });
});

it('A writer whose upload is aborted elsewhere is told so by the renewal', async () => {
  const row = new OneRow();
  const writers = writersOf(row);
  const { writer } = await writers.claim(claimOf(row));
  row.aborted = true;
  await until('it is stopped', () => writer.stopReason !== null);
  expect(writer.stopReason?.answer.code).toBe('aborted');
  writers.end(writer);
});

describe('A writer whose commit hangs', () => {
  it('is renewed no longer, and loses the upload with its lease', async () => {
    const row = new OneRow();
    const writers = writersOf(row);
    const { writer } = await writers.claim(claimOf(row));
    await until('it is renewed', () => row.renewals > 0);
    let undo!: () => void;
    let answer!: () => void;
    const settled = writer.settle(async ({ committing, undone }) => {
      undo = undone;
      committing();
      await new Promise<void>((resolve) => (answer = resolve));
    });
    const { renewals } = row;
    await sleep(LEASE_MS + 20);
    expect(row.renewals).toBe(renewals);
    expect(() => writer.assertLeased()).toThrow();
    // In another process.
    const others = writersOf(row);
    const next = await others.claim(claimOf(row));
    expect(row.token).toBe(next.writer.token);
    others.end(next.writer);
    // One that the database has undone is begun anew: until that commits nothing is on its way.
    undo();
    await until('it asks again', () => row.renewals > renewals);
    answer();
    await settled;
    writers.end(writer);
  });
});

it('A lease that cannot be given back holds its writer for one time limit, and not for each try', async () => {
  const row = new OneRow();
  const writers = writersOf(row);
  const { writer } = await writers.claim(claimOf(row));
  row.limits = [];
  await writers.release(writer);
  writers.end(writer);
  expect(row.limits).not.toEqual([]);
  for (const limit of row.limits) expect(limit).toBeLessThanOrEqual(LEASE_MS);
  // A timer may come a moment early, and leave a moment for another try.
  expect(row.limits.slice(1).every((limit) => limit < LEASE_MS / 2)).toBe(true);
  row.limits = null;
  // The next request here takes it all the same.
  const next = await writers.claim(claimOf(row));
  expect(row.token).toBe(next.writer.token);
  writers.end(next.writer);
});
