import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChunkedUpload } from '../../src/chunked-upload/chunked-upload.entity.js';
import type { LeaseRepository } from '../../src/chunked-upload/database/lease.repository.js';
import { ChunkBody } from '../../src/chunked-upload/engine/chunk-body.js';
import type { WriterEnded } from '../../src/chunked-upload/engine/writer.js';
import { Writers } from '../../src/chunked-upload/engine/writers.js';
import { UploadMeasurements } from '../../src/chunked-upload/measurements/upload-measurements.js';

const MINUTE = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('A first chunk, which has no record yet', () => {
  const leases = {} as LeaseRepository<ChunkedUpload>;
  const writers = new Writers(leases, 10_000, new UploadMeasurements('uploads'), 15_000);

  it('is ended, and kept as far as it came, when no byte comes for half an hour', () => {
    const body = new ChunkBody();
    body.push(Buffer.from('first'));
    const writer = writers.begin(randomUUID(), 'ann', body);
    expect(writers.isReceiving(writer.uploadId)).toBe(true);
    vi.advanceTimersByTime(29 * MINUTE);
    body.push(Buffer.from('second'));
    vi.advanceTimersByTime(29 * MINUTE);
    expect(writer.stopReason).toBeNull();
    vi.advanceTimersByTime(3 * MINUTE);
    expect(writer.stopReason).toMatchObject({ keep: true } satisfies Partial<WriterEnded>);
    writers.end(writer);
    expect(writers.isReceiving(writer.uploadId)).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });
});
