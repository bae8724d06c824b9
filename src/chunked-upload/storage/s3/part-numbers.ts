/** Part numbers in a row: the first, and how many. */
export type NumberRun = readonly [first: number, count: number];

/**
 * What a writer that takes over leaves to each before it. A commit comes every few parts; and a store
 * that wants all numbers has to be given parts of nothing for those that are left out.
 */
const MOST_RESERVED = 12;
/** Takeovers for which there must be room at any time. */
const TAKEOVERS = 16;

/**
 * How many numbers a writer may use before it commits: the next one, should it take over, begins
 * behind all that the writers since the last commit can have used.
 *
 * @param spare numbers that the rest of the file does not need
 */
export function reservedNumbers(spare: number): number {
  return Math.max(1, Math.min(MOST_RESERVED, Math.floor(spare / TAKEOVERS)));
}

/** Numbers of an upload that may have no part: some stores want one for each of them at the end. */
const MOST_LEFT_OUT = 1000;

/** Whether a part of this number, behind so many others, would leave out more than can be filled. */
export function leavesOutMany(number: number, count: number): boolean {
  return number - count > MOST_LEFT_OUT;
}

export interface NumberRange {
  /** The first number that no writer before the last commit can have used. */
  readonly next: number;
  /** How many numbers each writer since then may have used. */
  readonly reserved: number;
  /** How many writers there have been since then, this one included. */
  readonly attempt: number;
  /** The largest number that the store takes. */
  readonly most: number;
}

/**
 * The part numbers of one writer: none of them is ever another writer's. So a request of a writer
 * that was given up, which may arrive at any time, overwrites nothing that was committed.
 */
export class PartNumbers {
  #next: number;
  #end: number;
  readonly #most: number;

  private constructor(first: number, end: number, most: number) {
    this.#next = first;
    this.#end = end;
    this.#most = most;
  }

  /** Of an upload that other writers know. */
  static shared({ next, reserved, attempt, most }: NumberRange): PartNumbers {
    const first = next + (attempt - 1) * reserved;
    return new PartNumbers(first, first + reserved, most);
  }

  /** Of an upload that nobody else knows yet. */
  static own(most: number): PartNumbers {
    return new PartNumbers(1, Number.POSITIVE_INFINITY, most);
  }

  /** The next number that nobody has used: what is committed as `next`. */
  get next(): number {
    return this.#next;
  }

  /** Null: there is none before the next commit. */
  take(): number | null {
    if (this.#next >= this.#end || this.#next > this.#most) return null;
    this.#next += 1;
    return this.#next - 1;
  }

  /**
   * Others may know of the upload from here on: a state with this `next` and `reserved` is to be
   * committed. Until it is known to be, it may be this one or the one before that the next writer
   * gets: so both limit what is used.
   */
  published(next: number, reserved: number): void {
    this.#end = Math.min(this.#end, next + reserved);
  }

  /** That state has been committed. */
  committed(next: number, reserved: number): void {
    this.#end = next + reserved;
  }
}

/** `runs` with one more number at their end. */
export function withNumber(runs: readonly NumberRun[], number: number): NumberRun[] {
  const [first, count] = runs.at(-1) ?? [0, 0];
  if (count > 0 && first + count === number) return [...runs.slice(0, -1), [first, count + 1]];
  return [...runs, [number, 1]];
}

export function countOf(runs: readonly NumberRun[]): number {
  return runs.reduce((sum, [, count]) => sum + count, 0);
}

export function* numbersOf(runs: readonly NumberRun[]): Generator<number> {
  for (const [first, count] of runs) {
    for (let number = first; number < first + count; number += 1) yield number;
  }
}
