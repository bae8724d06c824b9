import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { LeaseRepository, Renewal } from '../database/lease.repository.js';
import type { UploadMeasurements } from '../measurements/upload-measurements.js';
import { type Writer, WriterEnded } from './writer.js';

const RENEWAL_MS = 1000;

/**
 * Renews the leases of all running writers by one statement a second, and learns in the same rows
 * which of them were taken over, removed, or asked by another process to let go.
 */
export class LeaseRenewal<T extends AbstractChunkedUpload> {
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly leases: LeaseRepository<T>,
    private readonly leaseMs: number,
    private readonly writers: ReadonlyMap<string, Writer>,
    private readonly measurements: UploadMeasurements,
  ) {}

  /** Runs until no writer is left. */
  start(): void {
    const every = Math.min(RENEWAL_MS, this.leaseMs / 3);
    this.#timer ??= setTimeout(() => {
      void this.#renew().finally(() => {
        this.#timer = null;
        if (this.writers.size > 0) this.start();
      });
    }, every).unref();
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #renew(): Promise<void> {
    const writers = [...this.writers.values()];
    if (writers.length === 0) return;
    const leasedUntil = performance.now() + this.leaseMs;
    const held = writers.map((writer) => ({ id: writer.uploadId, token: writer.token }));
    // While the database is away nothing is renewed, and each writer stops when its lease ends.
    const renewals = await this.leases.renew(held).catch(() => []);
    const byId = new Map(writers.map((writer) => [writer.uploadId, writer]));
    for (const renewal of renewals) {
      const writer = byId.get(renewal.id);
      if (writer) this.#judge(writer, renewal, leasedUntil);
    }
  }

  #judge(writer: Writer, renewal: Renewal, leasedUntil: number): void {
    if (renewal.renewed) writer.extendLease(leasedUntil);
    if (renewal.removed) writer.stop(new WriterEnded(false, ChunkedUploadError.notFound()));
    else if (!renewal.held) writer.stop(new WriterEnded(false, ChunkedUploadError.busy()));
    else if (renewal.takeoverRequested && writer.silentIn === 0) {
      if (writer.stopReason === null) this.measurements.takeover(writer.uploadId, 'silent');
      writer.stop(new WriterEnded(false, ChunkedUploadError.busy()));
    }
  }
}
