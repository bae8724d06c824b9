import { ChunkedUpload } from '../chunked-upload.js';
import { type ChunkedUploadOptions } from '../options.js';
import { UploadError } from '../upload-error.js';
import { type QueueItem, type QueueItemError } from './queue-item.js';

/** Who keeps the item of an upload. */
export interface RunningUploadOwner {
  patch(change: Partial<QueueItem>): void;
  explain(error: unknown): QueueItemError;
  /** So many bytes more have got through. */
  moved(bytes: number): void;
}

/** These statuses mean that the server as a whole is away, and not only for one upload. */
const AWAY = [0, 502, 503, 504];

/** One upload of a queue while it is under way. */
export class RunningUpload {
  private readonly upload: ChunkedUpload<unknown>;
  /** Bytes up to which the speed has been measured; `null`: where the server stands is not known. */
  private measured: number | null;
  private isAway = false;
  private isStarted = false;
  /** Whether it has been woken since it last made progress: one that fails for itself is woken once. */
  private woken = false;

  constructor(item: QueueItem, options: ChunkedUploadOptions, owner: RunningUploadOwner) {
    this.upload = new ChunkedUpload<unknown>(item.file, {
      ...options,
      folder: item.folder,
      onProgress: ({ sent, bytesPerSecond, secondsLeft }) => {
        const more = sent - (this.measured ?? sent);
        this.measured = sent;
        // Also of what is sent once more, which `sent` does not tell.
        const getsOn = bytesPerSecond > 0 ? { error: null } : {};
        owner.patch({ sent, bytesPerSecond, secondsLeft, ...getsOn });
        if (more <= 0) return;
        this.woken = false;
        owner.moved(more);
      },
      onStateChange: (state) => {
        if (state === 'retrying') return;
        this.isAway = false;
        if (state === 'sending') owner.patch({ state, nextTryAt: null });
        if (state === 'completing') owner.patch({ state, nextTryAt: null, error: null });
      },
      onRetry: ({ error, delay }) => {
        this.isAway = AWAY.includes(error.status);
        const nextTryAt = Date.now() + delay;
        const still = { bytesPerSecond: 0, secondsLeft: null };
        owner.patch({ ...still, state: 'retrying', error: owner.explain(error), nextTryAt });
      },
    });
    this.measured = this.upload.isResumed ? null : 0;
  }

  /** Whether the server may have something of it. */
  get isOnServer(): boolean {
    return this.isStarted || this.upload.isResumed;
  }

  /** @returns what the server's completion answered */
  start(): Promise<unknown> {
    this.isStarted = true;
    return this.upload.start();
  }

  pause(): void {
    this.upload.pause();
  }

  resume(): void {
    this.upload.resume();
  }

  get isPaused(): boolean {
    return this.upload.state === 'paused';
  }

  tryNow(): void {
    this.upload.tryNow();
  }

  /** Another upload has got through: the server is back. */
  wake(): void {
    if (!this.isAway || this.woken) return;
    this.woken = true;
    this.upload.tryNow();
  }

  /**
   * Removes it from the server, unless it is complete.
   *
   * @returns `kept`: it is complete
   */
  async cancel(): Promise<'kept' | 'removed'> {
    await this.upload.abort();
    return this.upload.state === 'complete' ? 'kept' : 'removed';
  }
}

/** Whether an upload ended because somebody wanted it. */
export function isAborted(error: unknown): boolean {
  return error instanceof UploadError && error.code === 'aborted';
}
