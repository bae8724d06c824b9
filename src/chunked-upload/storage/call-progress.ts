const clocks = new WeakMap<object, () => number>();

/**
 * Tells of a writer that may be at work for long: `lastMoved` returns when bytes last went in or out
 * (by `performance.now()`), or now where it waits for something that is no storage. Its calls are then
 * given up after the limit without any of that, and not after the limit alone.
 */
export function tellProgress(writer: object, lastMoved: () => number): void {
  clocks.set(writer, lastMoved);
}

/** Null: it tells of none. */
export function progressOf(target: object): (() => number) | null {
  return clocks.get(target) ?? null;
}
