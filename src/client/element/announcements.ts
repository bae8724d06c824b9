import { type Announcer } from './announcer.js';
import { type Entry, totalsOf } from './entry.js';
import { type Wording } from './wording.js';

/** Says what matters of what has changed: failures, the end of all, a connection that is lost. */
export class Announcements {
  private lost = false;
  private busy = false;

  constructor(
    private readonly words: Wording,
    private readonly announcer: Announcer,
  ) {}

  added(count: number): void {
    if (count === 0) return;
    this.announcer.tell('added', count, (counts) => {
      return this.words.say('saysAdded', { count: counts.reduce((sum, each) => sum + each, 0) });
    });
  }

  cancelled(names: readonly string[], time: string): void {
    this.announcer.tell('cancelled', names, (lists) => {
      const all = lists.flat();
      const [name = ''] = all;
      return all.length === 1
        ? this.words.say('saysCancelled', { name, time })
        : this.words.say('saysManyCancelled', { count: all.length, time });
    });
  }

  downloadFailed(): void {
    this.announcer.tell('download', null, () => this.words.say('downloadFailed'));
  }

  undone(names: readonly string[]): void {
    this.announcer.tell('undone', names, (lists) => {
      const all = lists.flat();
      const [name = ''] = all;
      return all.length === 1
        ? this.words.say('saysUndone', { name })
        : this.words.say('saysManyUndone', { count: all.length });
    });
  }

  /** @param changed the entries that are in another state than before */
  changed(changed: readonly Entry[], all: readonly Entry[]): void {
    if (changed.length === 0) return;
    for (const entry of changed) if (entry.state === 'failed') this.failed(entry);
    const { active, complete, failed, retrying } = totalsOf(all);
    this.connection(active > 0 && active === retrying, active);
    if (active > 0) this.busy = true;
    const isEnd = this.busy && active === 0;
    if (!isEnd) return;
    this.busy = false;
    if (complete > 0 && failed === 0) this.allDone(all, complete);
  }

  private failed(entry: Entry): void {
    this.announcer.tell('failed', entry, (entries) => {
      const [{ name, error } = entry] = entries;
      return entries.length === 1
        ? this.words.say('saysFailed', { name, reason: error?.message ?? '' })
        : this.words.say('saysManyFailed', { count: entries.length });
    });
  }

  private connection(isLost: boolean, active: number): void {
    if (isLost === this.lost) return;
    this.lost = isLost;
    if (!isLost && active === 0) return;
    const text = isLost ? 'saysRetrying' : 'saysBack';
    this.announcer.tell('connection', text, () => this.words.say(text));
  }

  private allDone(all: readonly Entry[], count: number): void {
    const last = all.find(({ state }) => state === 'complete');
    this.announcer.tell('done', count, () =>
      count === 1 && last
        ? this.words.say('saysComplete', { name: last.name })
        : this.words.say('saysAllDone', { count }),
    );
  }
}
