import { tell } from '../tell.js';

/** Milliseconds between two notices at least: more often nobody sees, and ten thousand rows are redrawn. */
const INTERVAL = 50;

/** Tells listeners that something has changed: at once, then together what comes soon after. */
export class Notifier {
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private last = -Infinity;

  /** @returns what ends it */
  subscribe(listener: () => void): () => void {
    // One that is given twice is told twice, and can be ended once each.
    const own = (): void => listener();
    this.listeners.add(own);
    return () => void this.listeners.delete(own);
  }

  notify(): void {
    if (this.timer !== null || this.listeners.size === 0) return;
    const wait = Math.max(0, this.last + INTERVAL - Date.now());
    this.timer = setTimeout(() => this.tell(), wait);
  }

  private tell(): void {
    this.timer = null;
    this.last = Date.now();
    for (const listener of this.listeners) tell(listener);
  }
}
