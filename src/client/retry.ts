/** Milliseconds that a timer can wait: it takes more for none at all. */
export const LONGEST_WAIT = 2 ** 31 - 1;

/**
 * How long to wait before a further try: half of the delay for sure, the other half by chance, so
 * that the clients of a server that comes back do not all come back at one moment.
 *
 * @param delay milliseconds
 * @param retryAfter milliseconds that the server asks for; never undercut
 * @returns milliseconds; at most as many as a timer can wait, which is 24 days
 */
export function jittered(delay: number, retryAfter: number | null, random = Math.random): number {
  const wait = Math.max(delay / 2 + (random() * delay) / 2, retryAfter ?? 0);
  return Math.min(wait, LONGEST_WAIT);
}

/** Before the further tries; after the last one it stays at that. */
const DELAYS = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 60_000];

/**
 * Milliseconds before the next try.
 *
 * @param failures how many tries have failed since the last progress
 * @param delays the caller's own; without them there is always a further try
 * @returns `undefined`: there is none
 */
export function delayAfter(failures: number, delays?: readonly number[]): number | undefined {
  return delays ? delays[failures] : (DELAYS[failures] ?? DELAYS.at(-1));
}

/**
 * Waits, but not longer than until the browser says that it is online again, somebody looks at the page
 * again, or the signal is aborted.
 *
 * @param delay milliseconds
 */
export function sleep(delay: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const page = typeof window === 'undefined' ? undefined : window;
    const wake = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      page?.removeEventListener('online', wake);
      page?.document.removeEventListener('visibilitychange', look);
      resolve();
    };
    const look = (): void => {
      if (page?.document.visibilityState === 'visible') wake();
    };
    const timer = setTimeout(wake, delay);
    signal.addEventListener('abort', wake);
    page?.addEventListener('online', wake);
    page?.document.addEventListener('visibilitychange', look);
  });
}
