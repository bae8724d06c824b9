/** Who keeps the accounts. */
export interface StoreLedger {
  /** Waits until there is one. */
  take(account: StoreAccount): Promise<Buffer>;
  /** Who waits for one is told `reason` instead. */
  leave(account: StoreAccount, reason: Error): void;
  give(pages: readonly Buffer[]): void;
  /** So many pages are on their way; below 0: they have arrived. */
  sends(pages: number): void;
  touched(account: StoreAccount): void;
  forget(kept: KeptPages): void;
}

/** What one writer has gathered. */
export class StoreAccount {
  #held = 0;
  #touchedAt = performance.now();
  #isSpilling = false;
  #isWaiting = false;

  constructor(
    private readonly memory: StoreLedger,
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

  /** Whether somebody waits for a page of this. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Waits until there is one. */
  async take(): Promise<Buffer> {
    this.#isWaiting = true;
    try {
      const page = await this.memory.take(this);
      this.#held += 1;
      this.touch();
      return page;
    } finally {
      this.#isWaiting = false;
    }
  }

  /** Who waits for a page of this gets none: `take` fails with `reason`. */
  stopWaiting(reason: Error): void {
    this.memory.leave(this, reason);
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
  readonly count: number;
  #pages: Buffer[] | null;

  constructor(
    private readonly memory: StoreLedger,
    pages: Buffer[],
    private readonly gone: () => void,
  ) {
    this.#pages = pages;
    this.count = pages.length;
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
