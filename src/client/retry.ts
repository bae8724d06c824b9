/**
 * How long to wait before a further try: half of the delay for sure, the other half by chance, so
 * that the clients of a server that comes back do not all come back at one moment.
 *
 * @param delay milliseconds
 * @param retryAfter milliseconds that the server asks for; never undercut
 * @returns milliseconds
 */
export function jittered(delay: number, retryAfter: number | null, random = Math.random): number {
  return Math.max(delay / 2 + (random() * delay) / 2, retryAfter ?? 0);
}

/**
 * Waits, but not longer than until the browser says that it is online again, or the signal is
 * aborted.
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
      resolve();
    };
    const timer = setTimeout(wake, delay);
    signal.addEventListener('abort', wake);
    page?.addEventListener('online', wake);
  });
}
