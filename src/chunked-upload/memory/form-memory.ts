import type { Intake, MemoryAccount } from './memory-account.js';
import type { MemoryBudget } from './memory-budget.js';

/** Of the budget, what all forms may hold: one over this. */
const PART = 4;

/**
 * The fields of forms that are being read. They stay until their request is over, so that a sender
 * who says a lot and then nothing would keep them for ever: where they become too many, the form
 * that has been silent for longest is given up.
 */
export class FormMemory {
  #held = 0;
  /** The longest silent first. */
  readonly #forms = new Set<FormAccount>();

  constructor(private readonly budget: MemoryBudget) {}

  /** Bytes. */
  get held(): number {
    return this.#held;
  }

  /** `giveUp` ends the form; it is called at most once. */
  open(giveUp: () => void): FormAccount {
    return new FormAccount(this, this.budget.account(), giveUp);
  }

  /** @internal */
  heard(form: FormAccount): void {
    this.#forms.delete(form);
    this.#forms.add(form);
  }

  /** @internal */
  grown(bytes: number): void {
    this.#held += bytes;
    for (const form of this.#forms) {
      if (this.#held * PART <= this.budget.limit) break;
      form.giveUp();
    }
  }

  /** @internal */
  closed(form: FormAccount, bytes: number): void {
    this.#forms.delete(form);
    this.#held -= bytes;
  }
}

/** What the fields of one form hold. */
export class FormAccount {
  #isClosed = false;

  constructor(
    private readonly forms: FormMemory,
    private readonly memory: MemoryAccount,
    private readonly end: () => void,
  ) {}

  /** Bytes. */
  get held(): number {
    return this.memory.held;
  }

  /** Its sender has sent something, of which `bytes` are kept; it may be given up for them. */
  take(bytes: number): void {
    if (this.#isClosed) return;
    this.forms.heard(this);
    this.memory.take(bytes);
    this.forms.grown(bytes);
  }

  /** Until `detach`, `intake` has to wait where memory is short. */
  attach(intake: Intake): void {
    this.memory.open(intake);
  }

  /** Nothing more comes, or somebody else sees to it that it waits. */
  detach(): void {
    this.memory.closeIntake();
  }

  /** @internal */
  giveUp(): void {
    this.close();
    this.end();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.memory.closeIntake();
    this.forms.closed(this, this.memory.held);
    this.memory.give(this.memory.held);
  }
}
