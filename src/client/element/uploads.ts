import { type UploadQueueOptions } from '../queue/index.js';
import { isRepresentation } from '../representation.js';
import { type Entry, type EntryAction, type EntryState } from './entry.js';
import { type OverallAction } from './overview.js';
import { type ServerAccess } from './server-list.js';
import { Undoing } from './undoing.js';
import { type FieldsFor, type QueuedFile, TargetQueues } from './target-queues.js';

const CANCELLABLE: readonly EntryState[] = ['paused', 'retrying', 'sending', 'waiting'];
const PAUSABLE: readonly EntryState[] = ['retrying', 'sending', 'waiting'];

/** What the uploads need of the element that they are in. */
export interface UploadsSurroundings {
  /** Whether the keyboard is on the button that would have this one back. */
  isHeld(key: string): boolean;
  changed(): void;
  /** These are cancelled, and can be had back for a while. */
  cancelled(entries: readonly Entry[]): void;
  undone(entries: readonly Entry[]): void;
  /** These have left the list. */
  forgotten(entries: readonly Entry[]): void;
  /** The user has to choose another file in place of this one. */
  chooseInstead(entry: Entry): void;
  download(entry: Entry): void;
}

/** The files of this visit, and what people do to them. */
export class Uploads {
  private readonly queue: TargetQueues;
  private readonly undoing: Undoing;
  /** Where each was sent: that may be another place by now. */
  private readonly targets = new Map<string, ServerAccess>();

  constructor(private readonly around: UploadsSurroundings) {
    this.queue = new TargetQueues(() => around.changed());
    this.undoing = new Undoing(
      (key) => around.isHeld(key),
      (keys) => this.removeForGood(keys),
    );
  }

  get entries(): readonly Entry[] {
    const { entries } = this.queue;
    if (this.undoing.isEmpty) return entries;
    return entries.map((entry) => {
      return this.undoing.has(entry.key) ? { ...entry, state: 'cancelled' as const } : entry;
    });
  }

  targetOf({ key }: Entry): ServerAccess | null {
    return this.targets.get(key) ?? null;
  }

  add(
    files: readonly QueuedFile[],
    target: ServerAccess,
    options: UploadQueueOptions,
    fieldsFor: FieldsFor | null,
  ): void {
    const keys = this.queue.add(files, options, fieldsFor);
    for (const key of keys) this.targets.set(key, target);
  }

  /** Says in its row that it could not be downloaded; with an empty text no more. */
  complain({ key }: Entry, message: string): void {
    this.queue.complain(key, message);
  }

  act(entry: Entry, action: EntryAction): void {
    const { around, queue } = this;
    const { key } = entry;
    const actions: Readonly<Record<EntryAction, () => void>> = {
      cancel: () => this.cancel([entry]),
      chooseAgain: () => around.chooseInstead(entry),
      download: () => around.download(entry),
      hide: () => this.forget([entry]),
      pause: () => queue.pause([key]),
      remove: () => this.forget([entry]),
      resume: () => queue.resume([key]),
      retry: () => queue.resume([key]),
      tryNow: () => queue.tryNow(key),
      undo: () => this.undo([entry]),
    };
    actions[action]();
    around.changed();
  }

  actOnAll(action: OverallAction): void {
    const { queue } = this;
    const actions: Readonly<Record<OverallAction, () => void>> = {
      cancelAll: () => this.cancel(this.inState(...CANCELLABLE, 'completing')),
      hideDone: () => this.forget(this.inState('complete', 'failed')),
      pauseAll: () => queue.pause(keysOf(this.inState(...PAUSABLE))),
      resumeAll: () => queue.resume(keysOf(this.inState('paused'))),
      retryAll: () =>
        queue.resume(keysOf(this.inState('failed').filter(({ error }) => error?.canRetry))),
      undoAll: () => this.undo(this.inState('cancelled')),
    };
    actions[action]();
    this.around.changed();
  }

  forget(entries: readonly Entry[]): void {
    this.queue.remove(keysOf(entries));
    this.around.forgotten(entries);
    for (const { key } of entries) this.targets.delete(key);
  }

  /** Nothing can be had back any more: the element goes away. */
  settle(): void {
    this.undoing.flush();
  }

  /** What is being finished cannot be had back, and is told at once; of the rest all can. */
  private cancel(entries: readonly Entry[]): void {
    const undoable = entries.filter(({ state }) => CANCELLABLE.includes(state));
    this.queue.pause(keysOf(undoable));
    this.undoing.begin(keysOf(undoable));
    if (undoable.length > 0) this.around.cancelled(undoable);
    const others = entries.filter(({ state }) => !CANCELLABLE.includes(state));
    for (const { key } of others) void this.queue.cancel(key);
  }

  private undo(entries: readonly Entry[]): void {
    const back = entries.filter(({ key }) => this.undoing.undo(key));
    this.queue.resume(keysOf(back));
    if (back.length > 0) this.around.undone(back);
  }

  private removeForGood(keys: readonly string[]): void {
    for (const key of keys) void this.queue.cancel(key);
    this.around.changed();
  }

  private inState(...states: readonly EntryState[]): Entry[] {
    return this.entries.filter(({ state }) => states.includes(state));
  }
}

function keysOf(entries: readonly Entry[]): string[] {
  return entries.map(({ key }) => key);
}

/** The ids that the server has for what is complete. */
export function completeIds(entries: readonly Entry[]): ReadonlySet<string> {
  const ids = entries.map(({ answer }) => (isRepresentation(answer) ? answer.id : ''));
  return new Set(ids.filter((id) => id !== ''));
}
