import { type UploadError } from './upload-error.js';
import { isOver } from './upload-memory.js';

/** Milliseconds. One that expires while it is sent would not be sent any quicker the next time. */
const SILENCE = 60_000;

/** Tells an upload that has expired while the computer slept from one that somebody has removed. */
export class Lifetime {
  private expiresAt: string | null = null;
  private seenAt = 0;
  private askedAt = 0;

  /** It was there just now. */
  seen(expiresAt: string | null): void {
    this.expiresAt = expiresAt;
    this.seenAt = Date.now();
  }

  /** A request for it leaves now. It may take longer than the upload lives: that is not sleep. */
  asking(): void {
    this.askedAt = Date.now();
  }

  /** @param error the answer that it is gone */
  hasEndedUnseen(error: UploadError): boolean {
    const isOld = error.saysExpired || isOver(this.expiresAt);
    return isOld && this.askedAt - this.seenAt > SILENCE;
  }
}
