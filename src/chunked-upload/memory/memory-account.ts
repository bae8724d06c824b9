/** Where bytes come from, such as a stream: it can be told to wait. */
export interface Intake {
  /** Nothing more is taken, at once. */
  pause(): void;
  resume(): void;
}

/**
 * Whether an account's intake runs: `closed`, there is none; `full`, it has its share and waits for
 * its own reader; `waiting`, for memory that others hold.
 */
export type IntakeState = 'closed' | 'flowing' | 'full' | 'waiting';

/** Who keeps the accounts. */
export interface MemoryLedger {
  readonly share: number;
  opened(account: MemoryAccount): void;
  taken(account: MemoryAccount, bytes: number): void;
  given(account: MemoryAccount, bytes: number): void;
  closed(account: MemoryAccount): void;
}

/** What one body, form or download holds of the memory of the process. */
export class MemoryAccount {
  #held = 0;
  #intake: Intake | null = null;
  /** To be set by the ledger alone. */
  state: IntakeState = 'closed';

  /** @param hasShare whether it has to wait for its own reader, which gives back what it holds */
  constructor(
    private readonly ledger: MemoryLedger,
    private readonly hasShare: boolean,
  ) {}

  /** Bytes. */
  get held(): number {
    return this.#held;
  }

  /** Bytes that it may hold, as things are. */
  get share(): number {
    return this.ledger.share;
  }

  /** Whether it holds as much as it may. */
  get isFull(): boolean {
    return this.hasShare && this.#held >= this.ledger.share;
  }

  /** Whether the intake has been told to wait. */
  get isPaused(): boolean {
    return this.state === 'full' || this.state === 'waiting';
  }

  /** Null: nothing comes any more, or nobody can stop it. */
  get intake(): Intake | null {
    return this.#intake;
  }

  /** From here on `intake` is told to wait when memory is short; perhaps before this returns. */
  open(intake: Intake): void {
    this.#intake = intake;
    this.ledger.opened(this);
  }

  /** Nothing more will come; the intake is told to wait no more. */
  closeIntake(): void {
    this.ledger.closed(this);
    const intake = this.#intake;
    this.#intake = null;
    const wasPaused = this.isPaused;
    this.state = 'closed';
    if (wasPaused) intake?.resume();
  }

  /** Counts what is there already: it is the next bytes that have to wait. */
  take(bytes: number): void {
    if (bytes === 0) return;
    this.#held += bytes;
    this.ledger.taken(this, bytes);
  }

  give(bytes: number): void {
    if (bytes === 0) return;
    this.#held -= bytes;
    this.ledger.given(this, bytes);
  }
}
