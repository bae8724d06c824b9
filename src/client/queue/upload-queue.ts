import { Endpoint } from '../endpoint.js';
import { type ChunkedUploadOptions } from '../options.js';
import { SpeedMeter } from '../speed-meter.js';
import { UploadError } from '../upload-error.js';
import { type Fields } from '../upload-owner.js';
import { mismatchOf, type Refusal, refusalOf } from './file-rules.js';
import { type ChosenFile } from './chosen-file.js';
import { type Entry, Entries } from './entries.js';
import { Notifier } from './notifier.js';
import { asChosen, itemOf } from './new-item.js';
import {
  type QueueItem,
  type QueueItemError,
  type QueueItemState,
  type QueueSnapshot,
} from './queue-item.js';
import { type AddOptions, type UploadQueueOptions } from './queue-options.js';
import { isAborted, RunningUpload } from './running-upload.js';
import { ENGLISH, type QueueTexts, sentenceFor, sentenceForRefusal } from './texts.js';

/** Completing is left to its end: a request that was broken off may have completed it or not. */
const PAUSABLE: readonly QueueItemState[] = ['waiting', 'sending', 'retrying'];

/**
 * Sends many files, a few at once, in the order in which they were added. It retries on its own for as
 * long as it takes.
 *
 * ```ts
 * const queue = new UploadQueue({ endpoint: '/uploads' });
 * queue.subscribe(() => show(queue.getSnapshot()));
 * queue.add(input.files);
 * ```
 */
export class UploadQueue {
  private readonly entries = new Entries(() => this.change());
  /** In the order in which they are sent. */
  private waiting = new Set<Entry>();
  private readonly running = new Set<Entry>();
  private readonly notifier = new Notifier();
  private readonly meter = new SpeedMeter();
  private readonly texts: QueueTexts;
  private moved = 0;
  private snapshot: QueueSnapshot | null = null;

  /**
   * @throws TypeError if the endpoint is not a URL
   * @throws RangeError when `atOnce` is not a positive whole number
   */
  constructor(private readonly options: UploadQueueOptions) {
    // Now, and not at the first file. Whoever writes JavaScript may have left the options out.
    void new Endpoint((options as Partial<UploadQueueOptions> | undefined)?.endpoint);
    const { atOnce = 3 } = options;
    if (!Number.isSafeInteger(atOnce) || atOnce < 1) {
      throw new RangeError(`atOnce must be a positive whole number, such as 3, not ${atOnce}`);
    }
    this.texts = options.texts ? { ...ENGLISH, ...options.texts } : ENGLISH;
  }

  /**
   * Adds files and starts to send them. A file that breaks a rule is added as failed.
   *
   * @returns their keys
   */
  add(files: Iterable<File | ChosenFile>, { fields, resuming }: AddOptions = {}): string[] {
    const owner = resuming?.owner;
    const owned: Fields = owner ? { owner_type: owner.type, owner_id: owner.id } : {};
    const options = { ...this.options, fields: { ...(fields ?? this.options.fields), ...owned } };
    const keys: string[] = [];
    for (const file of files) {
      const chosen = asChosen(file);
      const wrong = resuming ? mismatchOf(chosen.file, resuming) : null;
      const refusal = wrong ?? refusalOf(chosen, this.options, this.entries);
      keys.push(this.insert(chosen, options, refusal).item.key);
    }
    this.fill();
    return keys;
  }

  /** Calls the listener after changes, up to twenty times a second. `getSnapshot()` has the new state. */
  readonly subscribe = (listener: () => void): (() => void) => this.notifier.subscribe(listener);

  /** The queue as it is now; the same object until something changes. */
  readonly getSnapshot = (): QueueSnapshot => {
    this.snapshot ??= this.takeSnapshot();
    return this.snapshot;
  };

  /** Stops sending it. The server keeps what it has. */
  pause(key: string): void {
    this.pauseThese(this.entries.find(key));
  }

  pauseAll(): void {
    this.pauseThese(this.entries.inState(...PAUSABLE));
  }

  resume(key: string): void {
    this.enqueue(this.entries.find(key, 'paused'));
  }

  resumeAll(): void {
    this.enqueue(this.entries.inState('paused'));
  }

  /** Tries a failed one again, if that makes sense (`error.canRetry`). */
  retry(key: string): void {
    this.enqueue(this.entries.find(key, 'failed').filter(({ item }) => item.error?.canRetry));
  }

  retryAll(): void {
    this.enqueue(this.entries.inState('failed').filter(({ item }) => item.error?.canRetry));
  }

  /** Retries now instead of at `nextTryAt`; without a key, all that are waiting for a retry. */
  tryNow(key?: string): void {
    const entries = key === undefined ? this.entries.inState('retrying') : this.entries.find(key);
    for (const { upload } of entries) upload?.tryNow();
  }

  /**
   * Removes it from the queue and from the server, unless it is, or turns out to be, complete. If the
   * server cannot be reached, it stays in the queue as failed, and can be cancelled again.
   */
  async cancel(key: string): Promise<void> {
    await Promise.all(this.entries.find(key).map((entry) => this.cancelOne(entry)));
  }

  /** Cancels all that are not complete. */
  async cancelAll(): Promise<void> {
    const entries = this.entries.inState('failed', 'paused', 'completing', ...PAUSABLE);
    // None of them may begin in the place of one that was cancelled before it.
    for (const entry of entries) this.waiting.delete(entry);
    await Promise.all(entries.map((entry) => this.cancelOne(entry)));
  }

  /** Removes one that is complete or has failed from the list only, not from the server. */
  remove(key: string): void {
    for (const entry of this.entries.find(key, 'complete', 'failed')) this.entries.remove(entry);
  }

  /** Removes all that are complete from the list. */
  removeComplete(): void {
    for (const entry of this.entries.inState('complete')) this.entries.remove(entry);
  }

  private insert(chosen: ChosenFile, given: ChunkedUploadOptions, refusal: Refusal | null): Entry {
    // The second of two equal files would be taken for the first one's upload, and go on with it.
    const options = this.entries.hasFile(chosen) ? { ...given, storage: null } : given;
    const error = refusal ? this.refused(refusal) : null;
    const entry = this.entries.insert(itemOf(chosen, error), options);
    if (!refusal) this.waiting.add(entry);
    return entry;
  }

  private refused(code: Refusal): QueueItemError {
    const message = sentenceForRefusal(code, this.texts, this.options);
    return { code, message, canRetry: false };
  }

  private pauseThese(entries: readonly Entry[]): void {
    const able = entries.filter(({ item }) => PAUSABLE.includes(item.state));
    // Before any place is given back: it would be taken by one that is to be paused, too.
    for (const entry of able) this.waiting.delete(entry);
    for (const entry of able) {
      entry.upload?.pause();
      this.running.delete(entry);
      this.entries.patch(entry, {
        state: 'paused',
        nextTryAt: null,
        bytesPerSecond: 0,
        secondsLeft: null,
      });
    }
    this.fill();
  }

  private enqueue(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    for (const entry of entries) this.entries.patch(entry, { state: 'waiting', error: null });
    const all = [...this.waiting, ...entries].sort((one, other) => one.place - other.place);
    this.waiting = new Set(all);
    this.fill();
  }

  private fill(): void {
    const { atOnce = 3 } = this.options;
    for (const entry of this.waiting) {
      if (this.running.size >= atOnce) return;
      this.waiting.delete(entry);
      const upload = this.uploadOf(entry);
      if (!upload) continue;
      this.running.add(entry);
      this.entries.patch(entry, { state: 'sending' });
      if (upload.isPaused) upload.resume();
      else void this.run(entry, upload);
    }
  }

  private async run(entry: Entry, upload: RunningUpload): Promise<void> {
    try {
      this.finish(entry, await upload.start());
    } catch (error) {
      if (!isAborted(error)) this.fail(entry, error);
    } finally {
      this.running.delete(entry);
      this.fill();
    }
  }

  /** `null`: a single upload would not take it, for want of a name or a known checksum. */
  private uploadOf(entry: Entry): RunningUpload | null {
    try {
      entry.upload ??= this.makeUpload(entry);
    } catch (error) {
      this.fail(entry, error);
    }
    return entry.upload;
  }

  private makeUpload(entry: Entry): RunningUpload {
    return new RunningUpload(entry.item, entry.options, {
      patch: (change) => this.report(entry, change),
      explain: (error) => this.explain(error),
      moved: (bytes) => this.measure(bytes),
    });
  }

  /** What an upload says of itself counts as long as nobody has paused or cancelled it. */
  private report(entry: Entry, change: Partial<QueueItem>): void {
    const { state } = entry.item;
    if (state === 'paused' || state === 'cancelling' || !this.entries.has(entry)) return;
    const sent = Math.max(change.sent ?? 0, entry.item.sent);
    this.entries.patch(entry, {
      ...change,
      sent,
      ...(sent > entry.item.sent ? { error: null } : {}),
    });
  }

  private measure(bytes: number): void {
    this.moved += bytes;
    this.meter.record(this.moved);
    for (const { upload } of this.running) upload?.wake();
  }

  private explain(error: unknown): QueueItemError {
    const message = sentenceFor(error, this.texts);
    if (!(error instanceof UploadError)) return { code: 'protocol', message, canRetry: false };
    return { code: error.code, message, canRetry: error.canRetry };
  }

  private async cancelOne(entry: Entry): Promise<void> {
    const { state } = entry.item;
    if (state === 'complete' || state === 'cancelling') return;
    this.waiting.delete(entry);
    const upload = state === 'failed' ? entry.upload : this.uploadOf(entry);
    if (!upload?.isOnServer) return this.entries.remove(entry);
    this.entries.patch(entry, { state: 'cancelling', nextTryAt: null });
    try {
      if ((await upload.cancel()) === 'kept') this.finish(entry, await upload.start());
      else this.entries.remove(entry);
    } catch (error) {
      this.fail(entry, error);
    } finally {
      this.running.delete(entry);
      this.fill();
    }
  }

  private finish(entry: Entry, answer: unknown): void {
    entry.upload = null;
    const { total } = entry.item;
    const still = { bytesPerSecond: 0, secondsLeft: null, nextTryAt: null, error: null };
    this.entries.patch(entry, { ...still, state: 'complete', sent: total, answer });
  }

  private fail(entry: Entry, error: unknown): void {
    const still = { bytesPerSecond: 0, secondsLeft: null, nextTryAt: null };
    this.entries.patch(entry, { ...still, state: 'failed', error: this.explain(error) });
  }

  private change(): void {
    this.snapshot = null;
    this.notifier.notify();
  }

  private takeSnapshot(): QueueSnapshot {
    const { sent, total, counts } = this.entries.totals;
    const isMoving = counts.sending + counts.completing > 0;
    if (!isMoving) this.meter.reset();
    const bytesPerSecond = isMoving ? this.meter.bytesPerSecond : 0;
    const secondsLeft = bytesPerSecond > 0 ? (total - sent) / bytesPerSecond : null;
    return { items: this.entries.items(), counts, sent, total, bytesPerSecond, secondsLeft };
  }
}
