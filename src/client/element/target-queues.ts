import { UploadQueue, type UploadQueueOptions } from '../queue/index.js';
import { type ChosenFile } from './chosen-files.js';
import { type Fields } from '../upload-owner.js';
import { type Entry, type EntryError } from './entry.js';
import { newRefused } from './refused-entry.js';

/** Fields of one file. */
export type FieldsFor = (file: File) => Fields;

/** A file to be sent, or one that is refused before anything is sent. */
export interface QueuedFile extends ChosenFile {
  readonly refusal: EntryError | null;
}

interface Target {
  readonly options: UploadQueueOptions;
  readonly queue: UploadQueue;
}

/** The uploads of the element: a queue for each place that files are sent to, shown as one list. */
export class TargetQueues {
  private readonly targets: Target[] = [];
  /** In the order of adding; `null`: refused, and in no queue. */
  private readonly queues = new Map<string, UploadQueue | null>();
  private readonly refused = new Map<string, Entry>();
  /** What is said of one that is complete. */
  private readonly complaints = new Map<string, EntryError>();
  private list: readonly Entry[] | null = null;

  /** @param changed told whenever something differs */
  constructor(private readonly changed: () => void) {}

  get entries(): readonly Entry[] {
    this.list ??= this.takeList();
    return this.list;
  }

  /** @returns their keys */
  add(
    files: readonly QueuedFile[],
    options: UploadQueueOptions,
    fieldsFor: FieldsFor | null,
  ): readonly string[] {
    const { queue } = this.targetFor(options);
    const keys = files.map((each) => {
      if (each.refusal) return this.refuse(each, each.refusal);
      const [key = ''] = queue.add([each], {
        fields: { ...options.fields, ...fieldsFor?.(each.file) },
      });
      this.queues.set(key, queue);
      return key;
    });
    this.update();
    return keys;
  }

  pause(keys: readonly string[]): void {
    const [key] = keys;
    // One by one each would make room for one that is to be paused, too.
    if (keys.length > 1) for (const { queue } of this.targets) queue.pauseAll();
    else if (key !== undefined) this.queues.get(key)?.pause(key);
    this.update();
  }

  /** Goes on with what is paused, and begins anew with what has failed. */
  resume(keys: readonly string[]): void {
    const wanted = new Set(keys);
    for (const { queue } of this.targets) {
      const { items } = queue.getSnapshot();
      const resting = items.filter(({ error, state }) => {
        return state === 'paused' || (state === 'failed' && error?.canRetry);
      });
      const chosen = resting.filter(({ key }) => wanted.has(key));
      // Ten thousand one by one would each be put in their place among the others.
      if (chosen.length === resting.length) {
        queue.resumeAll();
        queue.retryAll();
        continue;
      }
      for (const { key } of chosen) {
        queue.resume(key);
        queue.retry(key);
      }
    }
    this.update();
  }

  tryNow(key: string): void {
    this.queues.get(key)?.tryNow(key);
  }

  /** Removes it here and on the server, unless it turns out to be complete. */
  async cancel(key: string): Promise<void> {
    await this.queues.get(key)?.cancel(key);
    this.update();
  }

  /** Says something of one that is complete, such as that its download failed. */
  complain(key: string, message: string): void {
    if (message === '') this.complaints.delete(key);
    else this.complaints.set(key, { code: 'download', message, canRetry: true });
    this.update();
  }

  /** Takes them out of the list, and out of nothing else. */
  remove(keys: readonly string[]): void {
    for (const key of keys) {
      this.queues.get(key)?.remove(key);
      this.queues.delete(key);
      this.refused.delete(key);
      this.complaints.delete(key);
    }
    this.update();
  }

  private takeList(): Entry[] {
    const items = new Map<string, Entry>(this.refused);
    for (const { queue } of this.targets) {
      for (const item of queue.getSnapshot().items) items.set(item.key, item);
    }
    const entries: Entry[] = [];
    for (const key of this.queues.keys()) {
      const entry = items.get(key);
      const complaint = this.complaints.get(key);
      if (entry) entries.push(complaint ? { ...entry, error: complaint } : entry);
      else this.queues.delete(key);
    }
    return entries;
  }

  private refuse(file: ChosenFile, refusal: EntryError): string {
    const entry = newRefused(file, refusal);
    this.refused.set(entry.key, entry);
    this.queues.set(entry.key, null);
    return entry.key;
  }

  private targetFor(options: UploadQueueOptions): Target {
    const known = this.targets.find((target) => isSame(target.options, options));
    if (known) return known;
    const target = { options, queue: new UploadQueue({ ...options, duplicates: true }) };
    target.queue.subscribe(() => this.update());
    this.targets.push(target);
    return target;
  }

  private update(): void {
    this.list = null;
    this.changed();
  }
}

/** Fields are told with each file; texts are those of the time when the queue was made. */
function isSame(one: UploadQueueOptions, other: UploadQueueOptions): boolean {
  const names = ['atOnce', 'checksum', 'chunkSize', 'credentials', 'endpoint', 'headers', 'scope'];
  return (names as (keyof UploadQueueOptions)[]).every((name) => one[name] === other[name]);
}
