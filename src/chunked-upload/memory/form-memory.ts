import type { Intake, MemoryAccount } from './memory-account.js';
import type { MemoryBudget } from './memory-budget.js';

/** Of the budget, what all forms may hold that are still coming: one over this. */
const PART = 4;

/**
 * The fields of forms that are being read. They stay until their request is over, so that a sender
 * who says a lot and then nothing would keep them for ever: where they become too many, the largest
 * form is given up. So nobody who says little has to go for those who say a lot.
 */
export class FormMemory {
  #held = 0;
  /** Those that are still coming, the longest silent first. */
  readonly #forms = new Set<FormAccount>();

  constructor(private readonly budget: MemoryBudget) {}

  /** Bytes of all that are still coming. */
  get held(): number {
    return this.#held;
  }

  /** `giveUp` ends the form; it is called at most once. */
  open(giveUp: () => void): FormAccount {
    return new FormAccount(this, this.budget.keepingAccount(), giveUp);
  }

  /** @internal */
  heard(form: FormAccount): void {
    this.#forms.delete(form);
    this.#forms.add(form);
  }

  /** @internal */
  grown(bytes: number): void {
    this.#held += bytes;
    while (this.#held * PART > this.budget.limit) {
      const largest = this.#largest();
      if (!largest) break;
      largest.giveUp();
    }
  }

  /** @internal */
  over(form: FormAccount, bytes: number): void {
    if (this.#forms.delete(form)) this.#held -= bytes;
  }

  /** Of those of about its size the one that has been silent for longest. */
  #largest(): FormAccount | null {
    let largest: FormAccount | null = null;
    for (const form of this.#forms) {
      if (!largest || magnitude(form.held) > magnitude(largest.held)) largest = form;
    }
    return largest;
  }
}

/** Equal for what differs by less than its double. */
function magnitude(bytes: number): number {
  return 32 - Math.clz32(bytes);
}

/** What the fields of one form hold. */
export class FormAccount {
  #state: 'coming' | 'whole' | 'closed' = 'coming';

  constructor(
    private readonly forms: FormMemory,
    private readonly memory: MemoryAccount,
    private readonly end: () => void,
  ) {}

  /** Bytes. */
  get held(): number {
    return this.memory.held;
  }

  /** Its sender has sent something, and it keeps `bytes` by now. It may be given up for them. */
  hold(bytes: number): void {
    if (this.#state === 'closed') return;
    const more = bytes - this.memory.held;
    if (more > 0) this.memory.take(more);
    else this.memory.give(-more);
    if (this.#state === 'whole') return;
    this.forms.heard(this);
    this.forms.grown(more);
  }

  /** Until `detach`, `intake` has to wait where memory is short. */
  attach(intake: Intake): void {
    this.memory.open(intake);
  }

  /** Somebody else sees to it that it waits. */
  detach(): void {
    this.memory.closeIntake();
  }

  /** All of it has come: it still counts, but waits for nobody but us, and is not given up. */
  whole(): void {
    if (this.#state !== 'coming') return;
    this.#state = 'whole';
    this.memory.closeIntake();
    this.forms.over(this, this.memory.held);
  }

  /** @internal */
  giveUp(): void {
    this.close();
    this.end();
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.memory.closeIntake();
    this.forms.over(this, this.memory.held);
    this.memory.give(this.memory.held);
  }
}
