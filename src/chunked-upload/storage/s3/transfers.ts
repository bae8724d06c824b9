/**
 * What one writer has on its way to the store, a few at once. What fails is told of at the next step:
 * nothing of the writer can be committed from then on.
 */
export class Transfers {
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | null = null;

  constructor(private readonly most: number) {}

  /** @throws what has failed */
  requireSound(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** From here on nothing of the writer can be committed. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** Starts as soon as one of those that run has ended. */
  async start(transfer: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.most) await Promise.race(this.#running);
    this.requireSound();
    this.begin(transfer);
  }

  /** Starts at once. */
  begin(transfer: () => Promise<void>): void {
    const running = transfer()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** When all have ended. @throws what has failed */
  async settled(): Promise<void> {
    await this.ended();
    this.requireSound();
  }

  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
