/** What is lent to one at a time: those who find none wait, in the order in which they came. */
export class Lanes<L> {
  readonly #free: L[];
  readonly #waiting: ((lane: L) => void)[] = [];

  constructor(readonly all: readonly L[]) {
    this.#free = [...all];
  }

  async use<R>(work: (lane: L) => Promise<R>): Promise<R> {
    const lane = this.#free.shift() ?? (await this.#next());
    try {
      return await work(lane);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(lane);
      else this.#free.push(lane);
    }
  }

  #next(): Promise<L> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
