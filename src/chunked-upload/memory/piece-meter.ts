import type { Intake } from './memory-account.js';

const WINDOW_MS = 50;
/**
 * Small pieces in a window. Each costs about 2 µs, most of them Node's own, whatever its length: so
 * many take a third of a processor.
 */
const PIECES = 8_000;
/** What everybody may send in a window, also where others send too many. */
const FREE_PIECES = 16;
/** Whoever sent more than this in one go waits for all who sent less. */
const MANY_PIECES = 512;
/** Of the others, how many are let go at a time. */
const AT_ONCE = 8;
/** No more is taken off the next windows: most of it came before anybody could be told to wait. */
const LARGEST_DEBT = 20 * PIECES;

/**
 * Small pieces cost processor time in place of memory: a connection full of chunks of one byte keeps
 * a processor busy. So a process takes a number of them in a time, and who sends them waits.
 */
export class PieceMeter {
  /** Pieces that may yet come in this window; below 0 where more have come. */
  #left = PIECES;
  #window = 0;
  #timer: NodeJS.Timeout | null = null;
  #turn: NodeJS.Immediate | null = null;
  #isQuiet = true;
  /** In the order in which they were paused. */
  readonly #few = new Set<PieceCounter>();
  readonly #many = new Set<PieceCounter>();

  /** For one intake, which has to close it. */
  counter(intake: Intake): PieceCounter {
    return new PieceCounter(this, intake);
  }

  /** Of this window. */
  get window(): number {
    return this.#window;
  }

  /** @internal */
  count(counter: PieceCounter): void {
    this.#left -= 1;
    this.#isQuiet = false;
    if (this.#timer === null) this.#timer = setTimeout(() => this.#endWindow(), WINDOW_MS);
    if (this.#left >= 0 || counter.isPaused || counter.pieces <= FREE_PIECES) return;
    this.#few.add(counter);
    counter.pause();
  }

  /** @internal */
  forget(counter: PieceCounter): void {
    this.#few.delete(counter);
    this.#many.delete(counter);
  }

  #endWindow(): void {
    this.#timer = null;
    this.#window += 1;
    // What was too much is taken off the next windows.
    this.#left = Math.min(PIECES, Math.max(-LARGEST_DEBT, this.#left) + PIECES);
    // Whoever sent few is not to wait for what others have sent too many of.
    const released = this.#releaseFew();
    this.#letGo(released);
    const isWaiting = this.#few.size + this.#many.size > 0;
    if (!this.#isQuiet || isWaiting || this.#left < PIECES) {
      this.#timer = setTimeout(() => this.#endWindow(), WINDOW_MS);
    }
    this.#isQuiet = true;
  }

  /** A few at a time: only when they have sent it is known how many pieces that was. */
  #letGo(released: number): void {
    if (this.#left <= 0) return;
    const [next] = this.#many;
    if (next && released === 0) this.#release(next);
    if (this.#few.size + this.#many.size > 0 && this.#turn === null) {
      this.#turn = setImmediate(() => {
        this.#turn = null;
        if (this.#left > 0) this.#letGo(this.#releaseFew());
      });
    }
  }

  /** How many it were. */
  #releaseFew(): number {
    let count = 0;
    for (const counter of this.#few) {
      if (counter.pieces > MANY_PIECES) {
        this.#few.delete(counter);
        this.#many.add(counter);
      } else if (count < AT_ONCE) {
        this.#release(counter);
        count += 1;
      } else break;
    }
    return count;
  }

  #release(counter: PieceCounter): void {
    this.forget(counter);
    counter.resume();
  }
}

/** The small pieces of one intake. */
export class PieceCounter {
  #pieces = 0;
  #window = -1;
  #isPaused = false;

  constructor(
    private readonly meter: PieceMeter,
    private readonly intake: Intake,
  ) {}

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Of this window; while it is paused also those that were still on their way. */
  get pieces(): number {
    return this.#pieces;
  }

  /** A small piece has come. */
  count(): void {
    if (this.#window !== this.meter.window && !this.#isPaused) {
      this.#window = this.meter.window;
      this.#pieces = 0;
    }
    this.#pieces += 1;
    this.meter.count(this);
  }

  /** @internal */
  pause(): void {
    this.#isPaused = true;
    this.intake.pause();
  }

  /** @internal */
  resume(): void {
    this.#isPaused = false;
    this.#pieces = 0;
    this.#window = this.meter.window;
    this.intake.resume();
  }

  close(): void {
    this.meter.forget(this);
    if (this.#isPaused) this.resume();
  }
}
