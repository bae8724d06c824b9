import { ChunkedUpload } from '../chunked-upload.js';
import { type ChunkedUploadOptions } from '../options.js';
import { type ChosenFile } from './chosen-files.js';
import { type Entry, type EntryError } from './entry.js';

/** A file to be sent, or one that is refused before anything is sent. */
export interface QueuedFile extends ChosenFile {
  readonly options: ChunkedUploadOptions;
  readonly refusal: EntryError | null;
}

interface Item {
  entry: Entry;
  /** Where it stands in the order of adding. */
  readonly place: number;
  readonly options: ChunkedUploadOptions;
  /** While it is under way: ten thousand at rest cost nothing. */
  upload: ChunkedUpload | null;
}

/** It goes on for as long as the page is open: after growing pauses once a minute. */
const RETRY_DELAYS = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000].concat(
  Array.from({ length: 10_000 }, () => 60_000),
);

let keys = 0;

/** Sends many files, a few at once, in the order in which they came. */
export class UploadQueue {
  private readonly items = new Map<string, Item>();
  /** In the order in which they came, whatever was paused meanwhile. */
  private waiting = new Set<Item>();
  private readonly running = new Set<Item>();
  private list: readonly Entry[] | null = null;

  /**
   * @param places how many are sent at once
   * @param changed told whenever something differs
   * @param reasonOf says why an upload failed
   */
  constructor(
    private readonly places: () => number,
    private readonly changed: () => void,
    private readonly reasonOf: (error: unknown) => EntryError,
  ) {}

  get entries(): readonly Entry[] {
    this.list ??= Array.from(this.items.values(), ({ entry }) => entry);
    return this.list;
  }

  /** @returns their keys */
  add(files: readonly QueuedFile[]): readonly string[] {
    const items = files.map((file) => itemOf(file));
    for (const item of items) {
      this.items.set(item.entry.key, item);
      if (item.entry.state === 'waiting') this.waiting.add(item);
    }
    this.update();
    this.fill();
    return items.map(({ entry }) => entry.key);
  }

  pause(keysOf: readonly string[]): void {
    const items = this.itemsOf(keysOf);
    // Before any place is given back: it would be taken by one that is to be paused, too.
    for (const item of items) this.waiting.delete(item);
    for (const item of items) {
      item.upload?.pause();
      this.running.delete(item);
      this.patch(item, { state: 'paused', nextTryAt: null });
    }
    this.fill();
  }

  /** Goes on with what is paused, and begins anew with what has failed. */
  resume(keysOf: readonly string[]): void {
    const items = this.itemsOf(keysOf);
    for (const item of items) this.patch(item, { state: 'waiting', error: null });
    const all = [...this.waiting, ...items].toSorted((one, other) => one.place - other.place);
    this.waiting = new Set(all);
    this.fill();
  }

  /** Does not wait for the time of the next try. */
  tryNow(key: string): void {
    const upload = this.items.get(key)?.upload;
    if (upload?.state !== 'retrying') return;
    upload.pause();
    upload.resume();
  }

  /** Removes it here and on the server, unless it turns out to be complete. */
  async cancel(key: string): Promise<void> {
    const item = this.items.get(key);
    if (!item) return;
    const { upload } = item;
    this.waiting.delete(item);
    try {
      await upload?.abort();
      if (upload?.state === 'complete') this.finish(item, await upload.start());
      else this.remove([key]);
    } catch (error) {
      this.patch(item, { state: 'failed', error: this.reasonOf(error) });
    } finally {
      this.running.delete(item);
      this.fill();
    }
  }

  /** Says something of one that is complete, such as that its download failed. */
  complain(key: string, message: string): void {
    const item = this.items.get(key);
    if (item) this.patch(item, { error: { code: 'download', message, canRetry: true } });
  }

  /** Takes them out of the list, and out of nothing else. */
  remove(keysOf: readonly string[]): void {
    for (const key of keysOf) this.items.delete(key);
    this.update();
  }

  private fill(): void {
    for (const item of this.waiting) {
      if (this.running.size >= this.places()) return;
      this.waiting.delete(item);
      this.running.add(item);
      if (item.upload?.state === 'paused') item.upload.resume();
      else void this.run(item);
    }
  }

  private async run(item: Item): Promise<void> {
    try {
      // A setting that is wrong throws here.
      item.upload ??= this.uploadOf(item);
      this.finish(item, await item.upload.start());
    } catch (error) {
      if (item.upload?.state !== 'aborted') {
        this.patch(item, { state: 'failed', error: this.reasonOf(error), nextTryAt: null });
      }
    } finally {
      this.running.delete(item);
      this.fill();
    }
  }

  private uploadOf(item: Item): ChunkedUpload {
    return new ChunkedUpload(item.entry.file, {
      retryDelays: RETRY_DELAYS,
      ...item.options,
      onProgress: ({ sent, bytesPerSecond, secondsLeft }) => {
        // What has been seen to be sent is never taken back; what was lost is sent again.
        this.patch(item, { sent: Math.max(sent, item.entry.sent), bytesPerSecond, secondsLeft });
      },
      onStateChange: (state) => {
        if (state === 'sending' || state === 'completing' || state === 'retrying') {
          this.patch(item, { state, ...(state === 'retrying' ? {} : { nextTryAt: null }) });
        }
      },
      onRetry: ({ error, delay }) =>
        this.patch(item, { error: this.reasonOf(error), nextTryAt: Date.now() + delay }),
    });
  }

  private finish(item: Item, answer: unknown): void {
    item.upload = null;
    this.patch(item, { state: 'complete', answer, error: null, nextTryAt: null });
  }

  private patch(item: Item, change: Partial<Entry>): void {
    item.entry = { ...item.entry, ...change };
    this.update();
  }

  private itemsOf(keysOf: readonly string[]): Item[] {
    return keysOf.map((key) => this.items.get(key)).filter((item) => item !== undefined);
  }

  private update(): void {
    this.list = null;
    this.changed();
  }
}

function itemOf({ file, folder, options, refusal }: QueuedFile): Item {
  const entry: Entry = {
    key: String((keys += 1)),
    file,
    name: file.name,
    folder,
    state: refusal ? 'failed' : 'waiting',
    sent: 0,
    bytesPerSecond: 0,
    secondsLeft: null,
    error: refusal,
    nextTryAt: null,
    answer: null,
  };
  return { entry, place: keys, options, upload: null };
}
