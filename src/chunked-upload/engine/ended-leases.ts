import { setTimeout as sleep } from 'node:timers/promises';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { LeaseRepository } from '../database/lease.repository.js';
import type { Held } from '../database/lease.types.js';
import { hasDied } from './lease-holder.js';
import type { Writer } from './writer.js';

/** Before each try to give a lease back: a renewal may have its row locked at that moment. */
const RELEASE_PAUSES_MS = [0, 20, 60];
/** A lease whose statement went unanswered may stand in its row until long after. */
const ABANDONED_FOR_MS = 10 * 60_000;

/** The leases whose writers have ended: they are given back, or known here until they are. */
export class EndedLeases<T extends AbstractChunkedUpload> {
  /** Tokens of those that ended while the database was away, and are still in their rows. */
  readonly #abandoned = new Set<string>();

  constructor(
    private readonly leases: LeaseRepository<T>,
    /** How long, in milliseconds, a request waits at most until its lease has been given back. */
    private readonly patienceMs: number,
  ) {}

  /** Gives the lease back; where that fails the next request here does, or it runs out. */
  async giveBack({ uploadId, token, hasWritten, lease }: Writer): Promise<void> {
    const { contested } = lease;
    const said = { hasWritten, contested };
    const giveUpAt = performance.now() + this.patienceMs;
    for (const pause of RELEASE_PAUSES_MS) {
      await sleep(pause);
      const left = Math.ceil(giveUpAt - performance.now());
      if (left <= 0) break;
      if (await this.leases.release(uploadId, token, said, left).catch(() => false)) return;
    }
    this.abandon(token);
  }

  /**
   * Gives a lease back under which nothing was done, and with it what it says of those before.
   * False: its row was locked.
   */
  async giveBackUnused(id: string, token: string): Promise<boolean> {
    const unused = { hasWritten: false, contested: false };
    return this.leases.release(id, token, unused).catch((error: unknown) => {
      this.abandon(token);
      throw error;
    });
  }

  /** The next request here may take this lease: its writer has ended, and writes nothing any more. */
  abandon(token: string): void {
    this.#abandoned.add(token);
    setTimeout(() => this.#abandoned.delete(token), ABANDONED_FOR_MS).unref();
  }

  /** Whether its writer, of this process, has ended. */
  isAbandoned({ token }: Held): boolean {
    return this.#abandoned.has(token);
  }

  /** Whether its writer certainly writes nothing any more. */
  isOver(held: Held): boolean {
    return this.isAbandoned(held) || hasDied(held.holder);
  }
}
