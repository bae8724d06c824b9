import type { ChecksumState } from './checksum-state.js';

const MIB = 1024 * 1024;

/** So many of the newest are all kept: a write that fails is mostly one of the last. */
const RECENT = 8;
/** Older ones are thinned out to about one in so many bytes. */
const SPACING = 4 * MIB;
/** Nobody asks for what lies further back: an upload is committed every 64 MiB. */
const WINDOW = 128 * MIB;

/** The states that one checksum has passed since the last commit, by position, in bounded number. */
export class StateHistory {
  readonly #states: ChecksumState[];

  constructor(first: ChecksumState) {
    this.#states = [first];
  }

  get newest(): ChecksumState {
    // There is always one: only those before another are dropped.
    return this.#states.at(-1)!;
  }

  add(state: ChecksumState): void {
    this.#states.push(state);
    this.#thinOut(this.#states.length - 1 - RECENT);
    while (this.#states.length > 1 && this.#states[0]!.position < state.position - WINDOW) {
      this.#states.shift();
    }
  }

  /** The newest state at or before `position`, and null where none is known. Drops older ones. */
  at(position: number): ChecksumState | null {
    const index = this.#states.findLastIndex((state) => state.position <= position);
    if (index > 0) this.#states.splice(0, index);
    return index < 0 ? null : this.#states[0]!;
  }

  #thinOut(index: number): void {
    const before = this.#states[index - 1];
    const after = this.#states[index + 1];
    if (before && after && after.position - before.position <= SPACING) {
      this.#states.splice(index, 1);
    }
  }
}
