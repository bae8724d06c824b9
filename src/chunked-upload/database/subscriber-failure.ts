/** A statement took effect, and then a subscriber of the host's failed that was told of it. */
export class SubscriberFailure extends Error {
  override readonly name = 'SubscriberFailure';

  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`A subscriber failed after a statement that took effect: ${reason}`, { cause });
  }
}
