import { type QueueItem, type QueueItemState } from './queue-item.js';

type Counted = Pick<QueueItem, 'sent' | 'state' | 'total'>;

/** Sums over all items, kept up to date item by item: ten thousand are not added up at each change. */
export class Totals {
  private readonly byState: Record<QueueItemState, number> = {
    waiting: 0,
    sending: 0,
    retrying: 0,
    paused: 0,
    completing: 0,
    cancelling: 0,
    complete: 0,
    failed: 0,
  };
  private sentBytes = 0;
  private allBytes = 0;

  get counts(): Readonly<Record<QueueItemState, number>> {
    return { ...this.byState };
  }

  get sent(): number {
    return this.sentBytes;
  }

  get total(): number {
    return this.allBytes;
  }

  add(item: Counted): void {
    this.count(item, 1);
  }

  remove(item: Counted): void {
    this.count(item, -1);
  }

  private count(item: Counted, sign: 1 | -1): void {
    this.byState[item.state] += sign;
    this.sentBytes += sign * item.sent;
    // What failed has nothing to come any more; taking away what it had sent would turn progress back.
    this.allBytes += sign * (item.state === 'failed' ? item.sent : item.total);
  }
}
