/** What bytes on their way to a store lie in. */
export const PAGE_BYTES = 64 * 1024;

/** Whoever has sent nothing for so long, in milliseconds, makes room for those who wait. */
const IDLE_MS = 250;
/** And whoever it is, where nobody has got anything for so long. */
const STALLED_MS = 500;
/** Pages that are asked back at once. */
const PAGES_AT_ONCE = 16;
/** Memory that nobody uses any more is given back after so long. */
const UNUSED_MS = 10_000;

interface Waiter {
  readonly account: StoreAccount;
  readonly resolve: (page: Buffer) => void;
}

/**
 * The memory of bytes that are gathered for a store until they are worth a request. All uploads of
 * the process share it, in pages that are used again and again. Who finds none waits; first is who
 * has gathered most, since its request is next, and gives back all of it.
 *
 * Nobody can keep it from others by being silent: who waits for a sender is told to store what it has
 * (`spill`). What is stored already is kept as long as nobody needs the room.
 */
export class StoreMemory {
  #limit: number;
  #made = 0;
  readonly #free: Buffer[] = [];
  /** Those that hold something, the longest silent first. */
  readonly #holders = new Set<StoreAccount>();
  readonly #waiting = new Set<Waiter>();
  /** Pages of bytes that are stored, the longest unused first. */
  readonly #kept = new Set<KeptPages>();
  /** Pages that are being sent: they come back by themselves. */
  #sending = 0;
  #stalled: NodeJS.Timeout | null = null;
  #unused: NodeJS.Timeout | null = null;

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
    this.#serve();
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
    const page = this.#waiting.size === 0 ? this.#find() : null;
    return page ?? this.#wait(account);
  }

  /** They are free for others. */
  give(pages: readonly Buffer[]): void {
    this.#free.push(...pages);
    this.#serve();
    if (this.used > 0) return;
    if (this.#unused) this.#unused.refresh();
    else this.#unused = this.#dropLater();
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
    this.#kept.delete(kept);
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
    return new Promise((resolve) => {
      this.#waiting.add({ account, resolve });
      // In the next turn: others may be about to give.
      setImmediate(() => this.#relieve());
    });
  }

  #serve(): void {
    while (this.#waiting.size > 0) {
      const page = this.#find();
      if (!page) return;
      let next: Waiter | null = null;
      for (const waiter of this.#waiting) {
        if (!next || waiter.account.held > next.account.held) next = waiter;
      }
      if (!next) return;
      this.#waiting.delete(next);
      this.#restart();
      next.resolve(page);
    }
  }

  /** Sees to it that those who wait get something. */
  #relieve(): void {
    if (this.#waiting.size === 0) return;
    this.#stalled ??= setTimeout(() => {
      this.#stalled = null;
      this.#spill(true);
      this.#relieve();
    }, STALLED_MS);
    if (this.#sending === 0) this.#spill(false);
  }

  #spill(isStalled: boolean): void {
    let asked = 0;
    const waiting = new Set([...this.#waiting].map(({ account }) => account));
    const silent = [...this.#holders].filter(
      (each) => !waiting.has(each) && each.idleFor > IDLE_MS,
    );
    const isOver = this.#sending === 0 || isStalled;
    for (const account of [...silent, ...(isOver ? waiting : [])]) {
      if (asked >= PAGES_AT_ONCE) break;
      if (account.held === 0 || account.isSpilling) continue;
      asked += account.held;
      account.spill();
    }
  }

  #restart(): void {
    if (this.#stalled) clearTimeout(this.#stalled);
    this.#stalled = null;
    if (this.#waiting.size > 0) this.#relieve();
  }

  #dropLater(): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#unused = null;
      if (this.used > 0) return;
      this.#made = 0;
      this.#free.length = 0;
    }, UNUSED_MS);
    return timer.unref();
  }
}

/** What one writer has gathered. */
export class StoreAccount {
  #held = 0;
  #touchedAt = performance.now();
  #isSpilling = false;

  constructor(
    private readonly memory: StoreMemory,
    private readonly send: () => void,
  ) {}

  /** Pages. */
  get held(): number {
    return this.#held;
  }

  /** Milliseconds since it got the last one. */
  get idleFor(): number {
    return performance.now() - this.#touchedAt;
  }

  get isSpilling(): boolean {
    return this.#isSpilling;
  }

  /** Waits until there is one. */
  async take(): Promise<Buffer> {
    const page = await this.memory.take(this);
    this.#held += 1;
    this.touch();
    return page;
  }

  /** Its sender is not silent. */
  touch(): void {
    this.#touchedAt = performance.now();
    this.memory.touched(this);
  }

  /** So many are being sent now, and not gathered any more. */
  sends(pages: number): void {
    this.#held -= pages;
    this.#isSpilling = false;
    this.memory.sends(pages);
    this.memory.touched(this);
  }

  /** Drops what it has gathered. */
  give(pages: readonly Buffer[]): void {
    this.#held -= pages.length;
    this.memory.touched(this);
    this.memory.give(pages);
  }

  /** @internal */
  spill(): void {
    this.#isSpilling = true;
    this.send();
  }
}

/** Bytes that are stored, and here as well for as long as there is room. */
export class KeptPages {
  #pages: Buffer[] | null;

  constructor(
    private readonly memory: StoreMemory,
    pages: Buffer[],
    private readonly gone: () => void,
  ) {
    this.#pages = pages;
  }

  /** From here on they are the caller's, to be given back; null: they are gone. */
  take(): Buffer[] | null {
    const pages = this.#pages;
    this.#pages = null;
    this.memory.forget(this);
    this.gone();
    return pages;
  }
}
