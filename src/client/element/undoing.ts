/** Milliseconds in which a cancelled upload can be had back. */
export const UNDO_TIME = 8_000;

/** At most as long as this, where somebody is at the button that undoes it. */
const LONGEST = 30_000;

/** What is about to be removed, and may still be had back. */
export class Undoing {
  private readonly due = new Map<string, number>();
  private timer: ReturnType<typeof setInterval> | undefined;

  /**
   * @param isHeld whether the keyboard's focus is on the button that would undo it
   * @param commit removes it for good
   */
  constructor(
    private readonly isHeld: (key: string) => boolean,
    private readonly commit: (keys: readonly string[]) => void,
  ) {}

  has(key: string): boolean {
    return this.due.has(key);
  }

  get isEmpty(): boolean {
    return this.due.size === 0;
  }

  begin(keys: readonly string[]): void {
    const at = Date.now() + UNDO_TIME;
    if (keys.length === 0) return;
    for (const key of keys) this.due.set(key, at);
    this.timer ??= setInterval(() => this.look(), 250);
  }

  /** @returns whether it could be had back */
  undo(key: string): boolean {
    const could = this.due.delete(key);
    this.rest();
    return could;
  }

  /** Removes all of them now: the page is being left. */
  flush(): void {
    const keys = [...this.due.keys()];
    this.due.clear();
    this.rest();
    if (keys.length > 0) this.commit(keys);
  }

  private look(): void {
    const now = Date.now();
    const over = [...this.due].filter(([key, at]) => {
      return at <= now && (at + LONGEST - UNDO_TIME <= now || !this.isHeld(key));
    });
    for (const [key] of over) this.due.delete(key);
    this.rest();
    if (over.length > 0) this.commit(over.map(([key]) => key));
  }

  private rest(): void {
    if (this.due.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
