/** The nth statement, or call of the storage, of this label within an operation; from 1. */
export interface Point {
  readonly label: string;
  readonly nth: number;
}

export interface PlannedFault {
  readonly point: Point;
  readonly fault: string;
}

/**
 * What is to go wrong, and where, in the process under test. Everything that it asks of database and
 * storage comes by here first. By label and number, not by place alone: what runs side by side
 * comes in either order.
 */
export class FaultPlan {
  /** Ends the process under test, as hard as can be. */
  kill: () => Promise<void> = async () => undefined;
  /** Points that were met since the plan was made, in their order. */
  met: Point[] = [];
  fired = new Promise<void>(() => undefined);
  #fire: () => void = () => undefined;
  #planned: PlannedFault | null = null;
  #watching = false;
  #hasFired = false;

  get hasFired(): boolean {
    return this.#hasFired;
  }

  /** From now on points are counted. Null: nothing goes wrong. */
  begin(planned: PlannedFault | null): void {
    this.met = [];
    this.#planned = planned;
    this.#hasFired = false;
    this.#watching = true;
    this.fired = new Promise((resolve) => {
      this.#fire = resolve;
    });
  }

  end(): void {
    this.#watching = false;
  }

  /** To be asked before each statement and call: what is to go wrong with it. */
  meet(label: string): string | null {
    if (!this.#watching) return null;
    const nth = this.met.filter((point) => point.label === label).length + 1;
    this.met.push({ label, nth });
    const planned = this.#planned;
    if (planned?.point.label !== label || planned.point.nth !== nth) return null;
    // One fault is enough: whoever goes on afterwards meets none.
    this.#watching = false;
    this.#hasFired = true;
    this.#fire();
    return planned.fault;
  }
}
