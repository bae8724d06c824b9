import { element, setAttribute, setHidden, setText } from './dom.js';
import { type Entry, totalsOf, type Totals } from './entry.js';
import { icon, type IconName } from './icons.js';
import { type TextName } from './texts.js';
import { type Wording } from './wording.js';

/** What can be done to all files at once. */
export type OverallAction =
  'pauseAll' | 'resumeAll' | 'retryAll' | 'cancelAll' | 'undoAll' | 'hideDone';

const ICONS: Readonly<Record<OverallAction, IconName>> = {
  pauseAll: 'pause',
  resumeAll: 'play',
  retryAll: 'again',
  cancelAll: 'close',
  undoAll: 'undo',
  hideDone: 'check',
};

/** The head of the list: how all files together are doing, and the buttons for all of them. */
export class Overview {
  readonly node: HTMLElement;
  private readonly title = element('h2', { part: 'title', className: 'title', tabIndex: -1 });
  private readonly line = element('p', { part: 'summary', className: 'status' });
  private readonly bar = element('progress', { part: 'bar overall-bar', max: 1 });
  private readonly buttons = new Map<OverallAction, HTMLButtonElement>();
  private readonly all: HTMLButtonElement;
  private readonly failed: HTMLButtonElement;
  private readonly chips: HTMLElement;

  constructor(
    private readonly words: Wording,
    act: (action: OverallAction) => void,
    private readonly filter: (onlyFailed: boolean) => void,
  ) {
    const actions = element('div', { className: 'actions' });
    for (const action of Object.keys(ICONS) as OverallAction[]) {
      const word = element('span', { textContent: words.say(action) });
      const made = element(
        'button',
        { type: 'button', part: `button button-${action}`, className: 'loud' },
        icon(ICONS[action]),
        word,
      );
      made.addEventListener('click', () => act(action));
      made.dataset['action'] = action;
      this.buttons.set(action, made);
      actions.append(made);
    }
    this.all = this.chip('showAll', false);
    this.failed = this.chip('showFailed', true);
    this.chips = element('div', { className: 'chips' }, this.all, this.failed);
    this.bar.ariaLabel = words.say('overall');
    this.title.id = 'uploads-title';
    this.title.textContent = words.say('uploads');
    const about = element('div', { className: 'words' }, this.title, this.line);
    this.node = element(
      'div',
      { part: 'overview', className: 'overview' },
      about,
      actions,
      this.bar,
      this.chips,
    );
  }

  update(entries: readonly Entry[], onlyFailed: boolean): void {
    const totals = totalsOf(entries);
    const { active, complete, failed, files, paused, sent, size } = totals;
    setText(this.title, this.titleOf(totals));
    setText(this.line, this.lineOf(totals, entries));
    this.bar.max = size || 1;
    this.bar.value = sent;
    const unfinished = active + paused > 0;
    setHidden(this.bar, !unfinished);
    setHidden(this.chips, failed === 0 || failed === files);
    setAttribute(this.all, 'aria-pressed', String(!onlyFailed));
    setAttribute(this.failed, 'aria-pressed', String(onlyFailed));
    this.count(this.all, 'showAll', files);
    this.count(this.failed, 'showFailed', failed);
    const canRetry = entries.filter(({ state, error }) => state === 'failed' && error?.canRetry);
    this.offer('pauseAll', active > 0 && files > 1);
    this.offer('resumeAll', active === 0 && paused > 0 && files > 1);
    this.offer('retryAll', canRetry.length > 1);
    this.offer('cancelAll', unfinished && files > 1);
    const cancelled = entries.filter(({ state }) => state === 'cancelled');
    this.offer('undoAll', cancelled.length > 1);
    this.offer('hideDone', complete + failed > 1 && !unfinished);
  }

  /** Where the focus goes when what had it is gone. */
  focus(): void {
    this.title.focus();
  }

  private titleOf({ active, complete, failed, files, paused, retrying }: Totals): string {
    const { words } = this;
    if (active > 0 && active === retrying) return words.say('allWaiting');
    if (active > 0) return words.say('sending', { count: active });
    if (paused > 0) return words.say('allPaused');
    if (files === 0) return words.say('uploads');
    if (complete > 0) return words.say('allDone', { count: complete });
    return words.say('someFailed', { count: failed });
  }

  private lineOf(totals: Totals, entries: readonly Entry[]): string {
    const { active, complete, failed, files, paused, sent, size } = totals;
    const { words } = this;
    const parts: string[] = [];
    if (active + paused > 0) {
      parts.push(words.say('doneOf', { done: complete, total: files }));
      parts.push(words.say('partOf', { part: words.percent(sent, size), whole: words.size(size) }));
    } else if (complete > 0) {
      parts.push(words.size(size));
    }
    const speed = active === 0 ? 0 : speedOf(entries);
    if (speed > 0) {
      parts.push(words.say('perSecond', { size: words.size(speed) }));
      parts.push(words.say('left', { time: words.time((size - sent) / speed) }));
    }
    if (failed > 0 && (complete > 0 || active + paused > 0)) {
      parts.push(words.say('someFailed', { count: failed }));
    }
    return parts.join(' · ');
  }

  private chip(text: TextName, onlyFailed: boolean): HTMLButtonElement {
    const made = element('button', { type: 'button', part: 'chip', className: 'chip' });
    made.textContent = this.words.say(text);
    made.addEventListener('click', () => this.filter(onlyFailed));
    return made;
  }

  private count(chip: HTMLButtonElement, text: TextName, count: number): void {
    setText(chip, `${this.words.say(text)} ${this.words.number(count)}`);
  }

  private offer(action: OverallAction, wanted: boolean): void {
    const button = this.buttons.get(action);
    if (!button) return;
    const root = this.node.getRootNode() as Document | ShadowRoot;
    const hadFocus = !wanted && root.activeElement === button;
    setHidden(button, !wanted);
    if (hadFocus) this.focus();
  }
}

function speedOf(entries: readonly Entry[]): number {
  let speed = 0;
  for (const { bytesPerSecond, state } of entries) if (state === 'sending') speed += bytesPerSecond;
  return speed;
}
