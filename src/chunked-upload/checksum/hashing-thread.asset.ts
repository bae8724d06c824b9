/**
 * The program of the hashing threads: its file. In the published package its text is in here instead,
 * so that it is there in a host that has been bundled, too.
 */
export const HASHING_THREAD: URL | string = new URL('./hashing-thread.worker.js', import.meta.url);
