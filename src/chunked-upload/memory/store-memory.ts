import { KeptPages, StoreAccount, type StoreLedger } from './store-account.js';

/** What bytes on their way to a store lie in. */
export const PAGE_BYTES = 64 * 1024;

/** Whoever has sent nothing for so long, in milliseconds, makes room for those who wait. */
const IDLE_MS = 250;
/** And whoever it is, where nobody has got anything for so long. */
const STALLED_MS = 500;
/** Who has waited for so long, in milliseconds, is next, however little it has gathered. */
const OVERDUE_MS = 20_000;
/** Pages that are asked back at once: more, if they are not enough, a moment later. */
const PAGES_AT_ONCE = 4;
/** Memory that nobody uses any more is given back after so long. */
const UNUSED_MS = 10_000;

interface Waiter {
  readonly account: StoreAccount;
  readonly resolve: (page: Buffer) => void;
  readonly reject: (reason: Error) => void;
  readonly since: number;
}

/**
 * The memory of bytes that are gathered for a store until they are worth a request. All uploads of
 * the process share it, in pages that are used again and again. Who finds none waits; first is who
 * has gathered most, since its request is next, and gives back all of it.
 *
 * Nobody can keep it from others by being silent: who waits for a sender is told to store what it has
 * (`spill`). What is stored already is kept as long as nobody needs the room.
 */
export class StoreMemory implements StoreLedger {
  #limit: number;
  #made = 0;
  readonly #free: Buffer[] = [];
  /** Those that hold something, the longest silent first. */
  readonly #holders = new Set<StoreAccount>();
  readonly #waiting = new Set<Waiter>();
  /** Pages of bytes that are stored, the longest unused first. */
  readonly #kept = new Set<KeptPages>();
  /** How many these are. */
  #keptCount = 0;
  /** Pages that are being sent: they come back by themselves. */
  #sending = 0;
  #isRelieving = false;
  #stalled: NodeJS.Timeout | null = null;
  #unused: NodeJS.Timeout | null = null;

  /** @param limit bytes */
  constructor(
    limit: number,
    private readonly overdueMs = OVERDUE_MS,
  ) {
    this.#limit = limit;
  }

  /** Bytes. */
  get limit(): number {
    return this.#limit;
  }

  set limit(bytes: number) {
    this.#limit = bytes;
    this.#serve();
  }

  /** Bytes that are in use, those that are kept for later included. */
  get used(): number {
    return (this.#made - this.#free.length) * PAGE_BYTES;
  }

  /** `spill`: asked to send what it has gathered, so that it can give it back. */
  open(spill: () => void): StoreAccount {
    return new StoreAccount(this, spill);
  }

  /** Keeps what is stored, until somebody needs the room: then it is gone. */
  keep(pages: Buffer[], gone: () => void): KeptPages {
    const kept = new KeptPages(this, pages, gone);
    this.#kept.add(kept);
    this.#keptCount += kept.count;
    // In the next turn: it may be these that are taken for others, and nobody has `kept` yet.
    if (this.#waiting.size > 0) this.#relieveSoon();
    this.#dropSoon();
    return kept;
  }

  /** So many pages, where they are to be had without waiting. */
  spare(pages: number): Buffer[] | null {
    if (this.#waiting.size > 0) return null;
    const spare: Buffer[] = [];
    while (spare.length < pages) {
      const page = this.#find();
      if (!page) {
        this.give(spare);
        return null;
      }
      spare.push(page);
    }
    return spare;
  }

  /** @internal */
  async take(account: StoreAccount): Promise<Buffer> {
    const page = this.#isFirst(account) ? this.#find() : null;
    return page ?? this.#wait(account);
  }

  /** @internal */
  leave(account: StoreAccount, reason: Error): void {
    for (const waiter of this.#waiting) {
      if (waiter.account !== account) continue;
      this.#waiting.delete(waiter);
      waiter.reject(reason);
    }
  }

  /** They are free for others. */
  give(pages: readonly Buffer[]): void {
    this.#free.push(...pages);
    this.#serve();
    this.#dropSoon();
  }

  /** So many pages are on their way; below 0: they have arrived. */
  sends(pages: number): void {
    this.#sending += pages;
  }

  /** @internal */
  touched(account: StoreAccount): void {
    this.#holders.delete(account);
    if (account.held > 0) this.#holders.add(account);
  }

  /** @internal */
  forget(kept: KeptPages): void {
    if (this.#kept.delete(kept)) this.#keptCount -= kept.count;
  }

  #find(): Buffer | null {
    const free = this.#free.pop();
    if (free) return free;
    if ((this.#made + 1) * PAGE_BYTES <= this.#limit) {
      this.#made += 1;
      // Of its own, not a part of Node's pool.
      return Buffer.allocUnsafeSlow(PAGE_BYTES);
    }
    const [oldest] = this.#kept;
    if (!oldest) return null;
    this.#free.push(...(oldest.take() ?? []));
    return this.#find();
  }

  #wait(account: StoreAccount): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#waiting.add({ account, resolve, reject, since: performance.now() });
      this.#relieveSoon();
    });
  }

  /** Who is first gets one, and takes others by itself; the next one's turn comes after. */
  #serve(): void {
    const first = this.#first();
    const page = first && this.#find();
    if (page) {
      this.#waiting.delete(first);
      this.#stalled?.refresh();
      first.resolve(page);
    }
    if (this.#waiting.size > 0) this.#relieveSoon();
  }

  #first(): Waiter | null {
    // They stand in the order in which they came.
    const [longest] = this.#waiting;
    if (longest && this.#isOverdue(longest)) return longest;
    let first: Waiter | null = null;
    for (const waiter of this.#waiting) {
      if (!first || waiter.account.held > first.account.held) first = waiter;
    }
    return first;
  }

  /** Whether nobody waits who has gathered more. */
  #isFirst({ held }: StoreAccount): boolean {
    const first = this.#first();
    return first === null || (held > first.account.held && !this.#isOverdue(first));
  }

  #isOverdue({ since }: Waiter): boolean {
    return performance.now() - since > this.overdueMs;
  }

  /** In the next turn: those who have just got something may be about to send, and others to give. */
  #relieveSoon(): void {
    if (this.#isRelieving) return;
    this.#isRelieving = true;
    setImmediate(() => {
      this.#isRelieving = false;
      this.#relieve();
    });
  }

  /** Sees to it that those who wait get something. */
  #relieve(): void {
    if (this.#waiting.size === 0) {
      if (this.#stalled) clearTimeout(this.#stalled);
      this.#stalled = null;
      return;
    }
    this.#stalled ??= setTimeout(() => {
      this.#stalled = null;
      // They may all have got something since.
      if (this.#waiting.size > 0) this.#spill();
      this.#relieveSoon();
    }, STALLED_MS);
    if (this.#free.length > 0 || this.#kept.size > 0) this.#serve();
    // What is being sent comes back; else nothing does.
    else if (this.#sending === 0) this.#spill();
  }

  /** Asks for room: first of who is silent, then of those who wait and have gathered least. */
  #spill(): void {
    const waiting = [...this.#waiting].map(({ account }) => account);
    const isWaiting = new Set(waiting);
    const silent = [...this.#holders].filter(
      (each) => !isWaiting.has(each) && each.idleFor > IDLE_MS,
    );
    let asked = 0;
    for (const account of [...silent, ...waiting.toSorted((one, other) => one.held - other.held)]) {
      if (asked >= PAGES_AT_ONCE) break;
      if (account.held === 0 || account.isSpilling) continue;
      asked += account.held;
      account.spill();
    }
  }

  /** Whether all that is in use is kept for later. */
  get #isIdle(): boolean {
    return this.used === this.#keptCount * PAGE_BYTES;
  }

  #dropSoon(): void {
    if (!this.#isIdle) return;
    if (this.#unused) this.#unused.refresh();
    else this.#unused = this.#dropLater();
  }

  #dropLater(): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#unused = null;
      if (!this.#isIdle) return;
      for (const kept of this.#kept) kept.take();
      this.#made = 0;
      this.#free.length = 0;
    }, UNUSED_MS);
    return timer.unref();
  }
}
