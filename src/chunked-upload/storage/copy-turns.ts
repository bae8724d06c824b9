/** Pieces that are copied at once: more of them make no disk faster. */
const AT_ONCE = 2;

interface Waiting {
  /** Bytes that its copy still lacks. */
  readonly left: number;
  readonly begin: () => void;
}

/**
 * Who may copy the next piece of a large file: the copy that lacks least. After a standstill all
 * uploads of a process may have to be copied, and side by side none of them would be done in time.
 */
export class CopyTurns {
  #running = 0;
  /** The one that lacks least comes first. */
  #waiting: Waiting[] = [];

  /** Copies one piece when its turn comes; not at all if nobody waits for the copy any more. */
  async take<R>(left: number, signal: AbortSignal | undefined, copy: () => Promise<R>): Promise<R> {
    signal?.throwIfAborted();
    if (this.#running >= AT_ONCE) await this.#turn(left, signal);
    else this.#running += 1;
    try {
      return await copy();
    } finally {
      const next = this.#waiting.shift();
      if (next) next.begin();
      else this.#running -= 1;
    }
  }

  /** Resolves with a turn that another one has given on. */
  async #turn(left: number, signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting);
        reject(signal?.reason as Error);
      };
      const begin = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const waiting = { left, begin };
      const place = this.#waiting.findIndex((each) => each.left > left);
      this.#waiting.splice(place === -1 ? this.#waiting.length : place, 0, waiting);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }
}
