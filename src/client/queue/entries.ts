import { type ChunkedUploadOptions } from '../options.js';
import { type ChosenFile } from './chosen-file.js';
import { identityOf } from './file-rules.js';
import { type QueueItem, type QueueItemState } from './queue-item.js';
import { type RunningUpload } from './running-upload.js';
import { Totals } from './totals.js';

/** An item and what only the queue needs to know of it. */
export interface Entry {
  item: QueueItem;
  /** Where it stands in the order of adding. */
  readonly place: number;
  readonly options: ChunkedUploadOptions;
  /** From its start to its end: ten thousand that wait, or are done, cost nothing. */
  upload: RunningUpload | null;
}

/** All entries of a queue and what is counted over them. */
export class Entries {
  readonly totals = new Totals();
  private readonly byKey = new Map<string, Entry>();
  /** How often each file is there; those that have failed do not count. */
  private readonly present = new Map<string, number>();
  private presentCount = 0;
  private places = 0;

  /** @param changed told whenever something differs */
  constructor(private readonly changed: () => void) {}

  /** Files that have not failed. */
  get count(): number {
    return this.presentCount;
  }

  /** Whether the file is there and has not failed. */
  hasFile(file: ChosenFile): boolean {
    return this.present.has(identityOf(file));
  }

  has({ item }: Entry): boolean {
    return this.byKey.has(item.key);
  }

  items(): QueueItem[] {
    return Array.from(this.byKey.values(), ({ item }) => item);
  }

  /** None or one. */
  find(key: string, ...states: readonly QueueItemState[]): Entry[] {
    const entry = this.byKey.get(key);
    if (!entry) return [];
    return states.length === 0 || states.includes(entry.item.state) ? [entry] : [];
  }

  inState(...states: readonly QueueItemState[]): Entry[] {
    return [...this.byKey.values()].filter(({ item }) => states.includes(item.state));
  }

  insert(item: QueueItem, options: ChunkedUploadOptions): Entry {
    const entry = { item, place: (this.places += 1), options, upload: null };
    this.byKey.set(item.key, entry);
    this.tally(item, 1);
    return entry;
  }

  /** Does nothing to one that is not there any more. */
  patch(entry: Entry, change: Partial<QueueItem>): void {
    if (!this.has(entry)) return;
    this.tally(entry.item, -1);
    entry.item = { ...entry.item, ...change };
    this.tally(entry.item, 1);
  }

  remove(entry: Entry): void {
    if (this.byKey.delete(entry.item.key)) this.tally(entry.item, -1);
  }

  private tally(item: QueueItem, sign: 1 | -1): void {
    if (sign === 1) this.totals.add(item);
    else this.totals.remove(item);
    this.changed();
    if (item.state === 'failed') return;
    const identity = identityOf(item);
    const times = (this.present.get(identity) ?? 0) + sign;
    if (times === 0) this.present.delete(identity);
    else this.present.set(identity, times);
    this.presentCount += sign;
  }
}
