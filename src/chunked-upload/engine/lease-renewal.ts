import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { LeaseRepository } from '../database/lease.repository.js';
import type { Renewal } from '../database/lease.types.js';
import type { UploadMeasurements } from '../measurements/upload-measurements.js';
import { type Writer, WriterEnded } from './writer.js';

const RENEWAL_MS = 1000;
/** Renewals that may wait for their answers at once: each may hold a connection. */
const MOST_WAITING = 4;

/**
 * Renews the leases of all running writers by one statement a second, and learns in the same rows
 * which of them were taken over, removed, or asked by another process to let go. A renewal never
 * waits for the one before: that one's connection may be dead, and the leases would run out.
 */
export class LeaseRenewal<T extends AbstractChunkedUpload> {
  readonly #every: number;
  #timer: NodeJS.Timeout | null = null;
  #waiting = 0;

  constructor(
    private readonly leases: LeaseRepository<T>,
    private readonly leaseMs: number,
    private readonly writers: ReadonlyMap<string, Writer>,
    private readonly measurements: UploadMeasurements,
    /** In milliseconds. One that was asked to stop has so long for what it is about. */
    private readonly callTimeoutMs: number,
  ) {
    this.#every = Math.min(RENEWAL_MS, leaseMs / 3);
  }

  /** Runs until no writer is left. */
  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), this.#every).unref();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    if (this.writers.size === 0) this.stop();
    else if (this.#waiting < MOST_WAITING) void this.#renew();
  }

  async #renew(): Promise<void> {
    // One that does not stop must not keep its upload from others for ever.
    const writers = [...this.writers.values()].filter(
      (writer) => !writer.isCommitting && !writer.isOverdue(this.callTimeoutMs),
    );
    if (writers.length === 0) return;
    const leasedUntil = performance.now() + this.leaseMs;
    const held = writers.map((writer) => ({ id: writer.uploadId, token: writer.token }));
    this.#waiting += 1;
    try {
      const renewals = await this.leases.renew(held, MOST_WAITING * this.#every);
      const byId = new Map(writers.map((writer) => [writer.uploadId, writer]));
      for (const renewal of renewals) {
        const writer = byId.get(renewal.id);
        if (writer) void this.#judge(writer, renewal, leasedUntil);
      }
    } catch (error) {
      // While the database is away nothing is renewed, and each writer stops when its lease ends.
      for (const writer of writers) writer.notRenewed(error);
    } finally {
      this.#waiting -= 1;
    }
  }

  async #judge(writer: Writer, renewal: Renewal, leasedUntil: number): Promise<void> {
    if (renewal.renewed) writer.extendLease(leasedUntil);
    // It may have given the lease back since.
    if (this.writers.get(writer.uploadId) !== writer || writer.isCommitting) return;
    if (renewal.removed) writer.stop(new WriterEnded(false, ChunkedUploadError.notFound()));
    else if (renewal.aborted) writer.stop(new WriterEnded(false, ChunkedUploadError.aborted()));
    else if (!renewal.held) writer.stop(new WriterEnded(false, ChunkedUploadError.busy()));
    else if (renewal.takeoverRequested && (await writer.isSilent())) {
      if (writer.stopReason === null) this.measurements.takeover(writer.uploadId, 'silent');
      writer.stop(new WriterEnded(false, ChunkedUploadError.busy()));
    }
  }
}
