import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { LeaseRepository } from '../database/lease.repository.js';
import type { Held } from '../database/lease.types.js';
import { isRefusal } from '../database/refusal.js';
import type { Scope } from '../database/upload-table.js';
import { BeginningWriters } from './beginning-writers.js';
import type { ChunkBody } from './chunk-body.js';
import { type Claim, mayTouch, refuse } from './claim.js';
import { EndedLeases } from './ended-leases.js';
import { thisHolder } from './lease-holder.js';
import type { UploadMeasurements } from '../measurements/upload-measurements.js';
import { LeaseRenewal } from './lease-renewal.js';
import { overWithin } from './over-within.js';
import { type Lease, Writer, WriterEnded } from './writer.js';

/** A request waits this long, in milliseconds, for the writer that it meets. */
const PATIENCE_MS = 1000;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 200;

/** What the end of this process makes of the requests that are writing then. */
export interface EndedWriters {
  /** How many that had not come to their end were ended. */
  readonly ended: number;
  /** Bytes of these requests that were committed, before or at their end. */
  readonly bytes: number;
}

/** The lease of a writer whose upload gets its row only now. */
export interface NewLease extends Lease {
  /** Its end by this process' own clock, `performance.now()`. */
  readonly until: number;
}

/**
 * The writers of one upload type in this process: at most one an upload, among processes by the
 * lease in its row, and here by the same lease with this map to wait at.
 */
export class Writers<T extends AbstractChunkedUpload> {
  readonly #leased = new Map<string, Writer>();
  readonly #beginning = new BeginningWriters();
  readonly #renewal: LeaseRenewal<T>;
  readonly #holder = thisHolder();
  readonly #ended: EndedLeases<T>;
  #closing: Promise<EndedWriters> | null = null;

  constructor(
    private readonly leases: LeaseRepository<T>,
    private readonly leaseMs: number,
    private readonly measurements: UploadMeasurements,
    /** How long, in milliseconds, one statement may take. */
    callTimeoutMs: number,
  ) {
    this.#ended = new EndedLeases(leases, Math.min(leaseMs, callTimeoutMs));
    this.#renewal = new LeaseRenewal(leases, leaseMs, this.#leased, measurements, callTimeoutMs);
  }

  /**
   * Takes the upload for this request. Meeting another writer it waits for its end, ends it where
   * it is silent, and gives up after a second.
   */
  async claim(claim: Claim): Promise<{ upload: T; writer: Writer }> {
    const start = performance.now();
    const meeting = { hasBeen: false };
    let granted = false;
    try {
      const claimed = await this.#claim(claim, start + PATIENCE_MS, meeting);
      granted = true;
      return claimed;
    } finally {
      const ms = performance.now() - start;
      if (meeting.hasBeen) this.measurements.waited(claim.id, ms, granted);
    }
  }

  async #claim(
    claim: Claim,
    giveUpAt: number,
    meeting: { hasBeen: boolean },
  ): Promise<{ upload: T; writer: Writer }> {
    let takeoverRequested = false;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      this.#refuseWhenClosed();
      if (this.#leased.has(claim.id)) meeting.hasBeen = true;
      await this.#makeWay(claim, giveUpAt);
      const token = randomUUID();
      // Counted from before the statement, so that our clock never outlasts the database's.
      const leasedUntil = performance.now() + this.leaseMs;
      const wanted = { ...claim, holder: this.#holder };
      const taken = await this.leases.lease(claim.id, token, wanted).catch((error: unknown) => {
        if (!isRefusal(error)) this.abandon(token);
        throw error;
      });
      if (taken) {
        const { upload, before } = taken;
        if (before && (await this.#clear(claim.id, token, before))) continue;
        const { creator, offset, attempt } = upload;
        const lease = { token, attempt, contested: before !== null, holder: this.#holder };
        const writer = new Writer(claim.id, creator, lease, claim.body, offset, leasedUntil);
        // Nobody would wait for a writer that begins only now; and after an answer that took longer
        // than the lease another one may have the upload, here as well.
        const isTooLate = this.#closing !== null || performance.now() >= leasedUntil;
        if (!isTooLate) {
          this.#join(writer);
          return { upload, writer };
        }
        await this.release(writer);
      }
      this.#refuseWhenClosed();
      const seen = await this.leases.look(claim.id, claim.scope);
      refuse(seen, claim);
      if (this.#leased.has(claim.id)) continue;
      meeting.hasBeen = true;
      const { leaseToken, leaseHolder } = seen.upload;
      if (leaseToken !== null) {
        const held = { token: leaseToken, holder: leaseHolder };
        if (await this.#takeBack(claim.id, held)) continue;
      }
      // A writer in another process, or a statement that has the row locked at this moment.
      if (performance.now() + pause > giveUpAt) throw ChunkedUploadError.busy();
      if (seen.leased && !takeoverRequested) {
        await this.leases.requestTakeover(claim.id);
        takeoverRequested = true;
      }
      await sleep(pause);
    }
  }

  /** A writer of an upload that has no row yet. */
  begin(id: string, creator: string | null, body: ChunkBody): Writer {
    this.#refuseWhenClosed();
    const token = randomUUID();
    const lease = { token, attempt: 1, contested: false, holder: this.#holder };
    const writer = new Writer(id, creator, lease, body, 0);
    this.#beginning.add(writer);
    this.#count(writer);
    return writer;
  }

  /** What the row of an upload is to say of the writer that goes on with it. */
  newLease({ lease }: Writer): NewLease {
    // Counted from before the statement, so that our clock never outlasts the database's.
    return { ...lease, until: performance.now() + this.leaseMs };
  }

  /** To be called when that row has been written: from then on others know the upload. */
  recorded(writer: Writer, { until }: NewLease): void {
    writer.startLease(until);
    this.#beginning.delete(writer);
    this.#join(writer);
  }

  /** To be called when a writer has written its last byte and committed, or will not. */
  end(writer: Writer): void {
    this.#beginning.delete(writer);
    if (this.#leased.get(writer.uploadId) === writer) this.#leased.delete(writer.uploadId);
    this.#count(writer);
    writer.markEnded();
  }

  /** Gives the lease back; where that fails the next request here does, or it runs out. */
  async release(writer: Writer): Promise<void> {
    await this.#ended.giveBack(writer);
  }

  /** The next request here may take this lease: its writer has ended, and writes nothing any more. */
  abandon(token: string): void {
    this.#ended.abandon(token);
  }

  /**
   * Ends a writer of this process, if only a silent one, and keeps what it had received. One whose
   * connection has broken ends by itself. False: it has not ended within a second, and may yet commit
   * what it has.
   */
  async endWriter(id: string, scope: Scope, which: 'silent' | 'any'): Promise<boolean> {
    const writer = this.#leased.get(id);
    if (!writer?.body || !mayTouch(scope, writer)) return true;
    const isSilent = await writer.isSilent();
    // It has ended, and another one may write.
    if (this.#leased.get(id) !== writer) return this.endWriter(id, scope, which);
    if (isSilent) this.#takeOver(writer, true);
    else if (which === 'any') writer.stop(new WriterEnded(true, ChunkedUploadError.busy()));
    // What it has received is on its way to the storage: without it nobody knows where to go on.
    else if (!(await writer.hasAll())) return true;
    return overWithin(writer.ended, PATIENCE_MS);
  }

  /** Whether a request of this process is writing this upload, recorded already or not yet. */
  isReceiving(id: string): boolean {
    if (this.#leased.has(id)) return true;
    return this.#beginning.has(id);
  }

  /** Whether a request is completing this upload here: that is waited for, not ended. */
  isCompleting(id: string): boolean {
    return this.#leased.get(id)?.body === null;
  }

  /** Ends the writer of this process for `answer`; false if it does not end within a second. */
  async stop(id: string, answer: ChunkedUploadError): Promise<boolean> {
    const writer = this.#leased.get(id);
    if (!writer) return true;
    writer.stop(new WriterEnded(false, answer));
    return overWithin(writer.ended, PATIENCE_MS);
  }

  /** Ends all writers, keeps what they had received, and takes no more. Completions finish. */
  close(): Promise<EndedWriters> {
    this.#closing ??= this.#endAll();
    return this.#closing;
  }

  async #endAll(): Promise<EndedWriters> {
    const writers = [...this.#leased.values(), ...this.#beginning.all()];
    for (const writer of writers) writer.stop(new WriterEnded(true, shuttingDown()));
    await Promise.all(writers.map((writer) => writer.ended));
    this.#renewal.stop();
    const ended = writers.filter(({ body }) => body !== null);
    const bytes = ended.reduce((sum, { kept }) => sum + kept, 0);
    return { ended: ended.length, bytes };
  }

  /** Ends a silent writer for somebody else. `keep`: what it had received is committed. */
  #takeOver(writer: Writer, keep: boolean): void {
    if (writer.stopReason === null) this.measurements.takeover(writer.uploadId, 'silent');
    writer.stop(new WriterEnded(keep, ChunkedUploadError.busy()));
  }

  #count({ uploadId }: Writer): void {
    this.measurements.writers(uploadId, this.#leased.size + this.#beginning.size);
  }

  #join(writer: Writer): void {
    this.#leased.set(writer.uploadId, writer);
    this.#count(writer);
    this.#renewal.start();
  }

  /** Takes a lease from its row that still runs although its writer is over; false: it is not. */
  async #takeBack(id: string, held: Held): Promise<boolean> {
    if (!this.#ended.isOver(held)) return false;
    // One without a holder was taken after another had run out, and must go on saying so.
    const released = { hasWritten: true, contested: held.holder === null };
    if (!(await this.leases.release(id, held.token, released))) return false;
    this.#countDead(id, held);
    return true;
  }

  /**
   * Gives a lease back that was taken after `before` had run out, if that one's writer is over all
   * the same: taken anew it is as good as any other. One without a holder was taken after yet another
   * had run out, of which nobody knows that.
   */
  async #clear(id: string, token: string, before: Held): Promise<boolean> {
    if (before.holder === null || !this.#ended.isOver(before)) return false;
    if (!(await this.#ended.giveBackUnused(id, token))) return false;
    this.#countDead(id, before);
    return true;
  }

  #countDead(id: string, held: Held): void {
    if (!this.#ended.isAbandoned(held)) this.measurements.takeover(id, 'dead');
  }

  #refuseWhenClosed(): void {
    if (this.#closing) throw shuttingDown();
  }

  async #makeWay(claim: Claim, giveUpAt: number): Promise<void> {
    const { id, scope, offset } = claim;
    for (;;) {
      const writer = this.#leased.get(id);
      if (!writer) return;
      // Who may not see an upload must not be able to end its writer.
      if (!mayTouch(scope, writer)) throw ChunkedUploadError.notFound();
      const isSilent = await writer.isSilent();
      // A newcomer at the same offset brings these bytes itself.
      if (isSilent) this.#takeOver(writer, offset !== writer.offset);
      const { silentIn } = writer;
      const left = giveUpAt - performance.now();
      if (left <= 0) {
        // What is final about the upload comes before that somebody writes it.
        refuse(await this.leases.look(id, scope), claim);
        throw ChunkedUploadError.busy();
      }
      await overWithin(writer.ended, Math.min(left, silentIn || left) + 1);
    }
  }
}

function shuttingDown(): ChunkedUploadError {
  return ChunkedUploadError.unavailable('The server is shutting down');
}
