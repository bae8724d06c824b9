import { type UploadError } from './upload-error.js';

/** Lets an activity be paused, resumed and stopped from outside. */
export class RunControl {
  private interruption = new AbortController();
  private paused = false;
  private stopped: UploadError | null = null;
  private release: () => void = () => undefined;

  /** Aborted by a pause or a stop. A new one after every pause: ask for it anew. */
  get signal(): AbortSignal {
    return this.interruption.signal;
  }

  get isStopped(): boolean {
    return this.stopped !== null;
  }

  get isPaused(): boolean {
    return this.paused && !this.isStopped;
  }

  pause(): void {
    this.paused = true;
    this.interruption.abort();
  }

  resume(): void {
    this.paused = false;
    if (!this.stopped) this.interruption = new AbortController();
    this.release();
  }

  /** Ends the activity for good. */
  stop(reason: UploadError): void {
    this.stopped ??= reason;
    this.interruption.abort();
    this.release();
  }

  /** Ends the activity for good, as soon as what it does at this moment is done or has failed. */
  stopAfterwards(reason: UploadError): void {
    this.stopped ??= reason;
    this.release();
  }

  /**
   * Waits until a pause is over.
   *
   * @throws what `stop()` was given
   */
  async passage(): Promise<void> {
    while (this.paused && !this.stopped) {
      await new Promise<void>((resolve) => {
        this.release = resolve;
      });
    }
    if (this.stopped) throw this.stopped;
  }
}
