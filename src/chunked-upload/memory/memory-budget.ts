import { MemoryAccount, type MemoryLedger } from './memory-account.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** What one intake is let go for: a read of a socket. */
const ROOM = 64 * KIB;
const SMALLEST_SHARE = ROOM;
// A MiB that is being written, and one that comes in meanwhile.
const LARGEST_SHARE = 2 * MIB;
// Many that each hold a lot are no faster than a few: the process is busy anyway.
const LARGEST_SHARES_TOGETHER = 8 * MIB;
const USUAL_SHARE = MIB / 2;

/**
 * The memory that all request bodies, forms and downloads of a process share. Nothing is refused:
 * whoever holds its share waits for its own reader, and when all of it is in use nobody takes more
 * until some of it is free again, and then who has waited longest is first.
 *
 * What has been read is counted after the fact, so the limit is exceeded by at most what was read
 * in one turn of the event loop.
 */
export class MemoryBudget implements MemoryLedger {
  #used = 0;
  /** Accounts that hold something. */
  #holders = 0;
  readonly #flowing = new Set<MemoryAccount>();
  /** In the order in which they began to wait. */
  readonly #waiting = new Set<MemoryAccount>();
  /** Intakes that were let go in this turn and have not had a chance to bring anything. */
  #promised = 0;
  #turn: NodeJS.Immediate | null = null;

  #limit: number;

  /** @param limit bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes. */
  get limit(): number {
    return this.#limit;
  }

  set limit(bytes: number) {
    this.#limit = bytes;
    this.#letGo();
  }

  /** Bytes. */
  get used(): number {
    return this.#used;
  }

  /** Bytes that one account may hold. */
  get share(): number {
    const holders = Math.max(1, this.#holders);
    const large = Math.min(LARGEST_SHARE, LARGEST_SHARES_TOGETHER / holders);
    const fair = this.#limit / holders;
    return Math.max(SMALLEST_SHARE, Math.min(fair, Math.max(USUAL_SHARE, large)));
  }

  /** Counts what nobody has to wait for; below 0: it is given back. */
  reserve(bytes: number): void {
    this.#used += bytes;
    if (this.#used >= this.#limit) this.#pauseAll();
    else this.#letGo();
  }

  /** Of what is read on, and given back. */
  account(): MemoryAccount {
    return new MemoryAccount(this, true);
  }

  /** Of what stays until its request is over: it never waits for itself. */
  keepingAccount(): MemoryAccount {
    return new MemoryAccount(this, false);
  }

  opened(account: MemoryAccount): void {
    account.state = 'flowing';
    this.#flowing.add(account);
    // Nor does a newcomer overtake who waits.
    if (this.#used >= this.#limit || this.#waiting.size > 0) this.#pause(account);
    this.#letGo();
  }

  taken(account: MemoryAccount, bytes: number): void {
    if (account.held === bytes) this.#holders += 1;
    this.#used += bytes;
    if (this.#used >= this.#limit) this.#pauseAll();
    else if (account.state === 'flowing' && account.isFull) this.#pause(account);
  }

  given(account: MemoryAccount, bytes: number): void {
    if (account.held === 0) this.#holders -= 1;
    this.#used -= bytes;
    if (account.state === 'full' && !account.isFull) this.#wait(account);
    this.#letGo();
  }

  closed(account: MemoryAccount): void {
    this.#flowing.delete(account);
    this.#waiting.delete(account);
    this.#letGo();
  }

  #pauseAll(): void {
    for (const account of this.#flowing) this.#pause(account);
  }

  #pause(account: MemoryAccount): void {
    this.#flowing.delete(account);
    if (account.isFull) account.state = 'full';
    else this.#wait(account);
    account.intake?.pause();
  }

  #wait(account: MemoryAccount): void {
    account.state = 'waiting';
    this.#waiting.add(account);
  }

  /** As many as there is room for, each for one read; the next ones when these have had theirs. */
  #letGo(): void {
    for (const account of this.#waiting) {
      if (this.#limit - this.#used < (this.#promised + 1) * ROOM) break;
      this.#waiting.delete(account);
      if (account.isFull) {
        account.state = 'full';
        continue;
      }
      this.#promised += 1;
      account.state = 'flowing';
      this.#flowing.add(account);
      account.intake?.resume();
    }
    if (this.#promised > 0 && this.#turn === null) {
      this.#turn = setImmediate(() => this.#endTurn());
    }
  }

  #endTurn(): void {
    this.#turn = null;
    this.#promised = 0;
    this.#letGo();
  }
}
