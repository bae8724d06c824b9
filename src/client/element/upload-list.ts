import { element, setHidden } from './dom.js';
import { type Entry, type EntryAction } from './entry.js';
import { Overview, type OverallAction } from './overview.js';
import { Thumbnails } from './thumbnails.js';
import { UploadRow } from './upload-row.js';
import { VirtualList } from './virtual-list.js';
import { type Wording } from './wording.js';

/** With more rows than this the Tab key goes through one of them, and the arrow keys to the others. */
const FEW = 8;

export interface UploadListActions {
  act(entry: Entry, action: EntryAction): void;
  actOnAll(action: OverallAction): void;
}

/** The panel of what is sent in this visit: all files together, and a row for each. */
export class UploadList {
  readonly node: HTMLElement;
  private readonly overview: Overview;
  private readonly rows = element('ul', { id: 'uploads', part: 'rows', className: 'rows' });
  private readonly scroller: HTMLElement;
  private readonly list: VirtualList<Entry>;
  private entries: readonly Entry[] = [];
  private onlyFailed = false;
  /** Whether the list scrolls along with what is being sent: until somebody scrolls it. */
  private follows = true;
  private followed = -1;
  private current = 0;

  constructor(words: Wording, thumbnails: Thumbnails, actions: UploadListActions) {
    this.overview = new Overview(
      words,
      (action) => actions.actOnAll(action),
      (onlyFailed) => this.filter(onlyFailed),
    );
    this.rows.setAttribute('aria-labelledby', 'uploads-title');
    this.scroller = element('div', { part: 'list', className: 'scroller' }, this.rows);
    this.node = element(
      'section',
      { part: 'panel', className: 'panel', hidden: true },
      this.overview.node,
      this.scroller,
    );
    this.node.setAttribute('aria-labelledby', 'uploads-title');
    const act = (entry: Entry, action: EntryAction): void => actions.act(entry, action);
    this.list = new VirtualList(
      this.scroller,
      this.rows,
      (entry) => new UploadRow(entry, { words, thumbnails, act }),
      () => this.rove(),
    );
    this.scroller.addEventListener('keydown', (event) => this.move(event));
    this.rows.addEventListener('focusin', ({ target }) => this.enter(target as Element));
    for (const sign of ['wheel', 'touchmove', 'pointerdown', 'keydown']) {
      this.scroller.addEventListener(sign, () => (this.follows = false), { passive: true });
    }
  }

  update(entries: readonly Entry[]): void {
    if (entries.length > this.entries.length) this.follows = true;
    const hadFocus = this.rows.contains(this.activeElement());
    const place = hadFocus ? this.list.indexOf(this.activeElement() as Element) : -1;
    this.entries = entries;
    if (this.onlyFailed && !entries.some(isFailed)) this.onlyFailed = false;
    this.overview.update(entries, this.onlyFailed);
    setHidden(this.node, entries.length === 0);
    this.list.show(this.shown);
    if (hadFocus && !this.rows.contains(this.activeElement())) this.focusNear(place);
    this.follow();
  }

  /** Where the focus goes when what had it is gone. */
  focus(): void {
    this.overview.focus();
  }

  /** Whether the keyboard is on the button that would have this one back. */
  isHeld(key: string): boolean {
    const focused = this.rows.querySelector('[data-action=undo]:focus-visible');
    return focused !== null && this.shown[this.list.indexOf(focused)]?.key === key;
  }

  private get shown(): readonly Entry[] {
    return this.onlyFailed ? this.entries.filter(isFailed) : this.entries;
  }

  private filter(onlyFailed: boolean): void {
    this.onlyFailed = onlyFailed;
    this.scroller.scrollTop = 0;
    this.update(this.entries);
  }

  private rove(): void {
    const { length } = this.shown;
    this.current = Math.min(this.current, Math.max(0, length - 1));
    const few = length <= FEW;
    let reachable = false;
    for (const item of this.rows.children) {
      const isCurrent = Number(item.getAttribute('aria-posinset')) - 1 === this.current;
      reachable ||= isCurrent;
      for (const button of item.querySelectorAll('button')) {
        button.tabIndex = few || isCurrent ? 0 : -1;
      }
    }
    // The current one has been scrolled away: the Tab key finds the first that is there.
    if (few || reachable) return;
    for (const button of this.rows.firstElementChild?.querySelectorAll('button') ?? []) {
      button.tabIndex = 0;
    }
  }

  private enter(target: Element): void {
    const index = this.list.indexOf(target);
    if (index === -1 || index === this.current) return;
    this.current = index;
    this.rove();
  }

  private move(event: KeyboardEvent): void {
    const target = event.target as Element;
    const from = this.list.indexOf(target);
    if (from === -1 || event.altKey || event.ctrlKey || event.metaKey) return;
    const to = placeAfter(event.key, from, this.shown.length);
    if (to === null) return;
    event.preventDefault();
    const buttons = [...(target.closest('li')?.querySelectorAll('button') ?? [])];
    this.focusRow(to, buttons.indexOf(target as HTMLButtonElement));
  }

  private focusRow(index: number, place: number): void {
    const row = this.list.reveal(index);
    const buttons = row?.item.querySelectorAll('button');
    this.current = index;
    this.rove();
    (buttons?.[place] ?? buttons?.[0])?.focus();
  }

  /** Its row went away: to the one that took its place, or to the head of the list. */
  private focusNear(place: number): void {
    const { length } = this.shown;
    if (place < 0 || length === 0) this.focus();
    else this.focusRow(Math.min(place, length - 1), 0);
  }

  private follow(): void {
    if (!this.follows || this.onlyFailed || this.entries.length <= FEW) return;
    const first = this.entries.findIndex(({ state }) => state === 'sending');
    if (first <= 1 || first === this.followed) return;
    this.followed = first;
    this.list.scrollTo(first - 1);
  }

  private activeElement(): Element | null {
    return (this.node.getRootNode() as Document | ShadowRoot).activeElement;
  }
}

function isFailed({ state }: Entry): boolean {
  return state === 'failed';
}

function placeAfter(key: string, from: number, length: number): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: 8,
    PageUp: -8,
    Home: -length,
    End: length,
  };
  const step = steps[key];
  return step === undefined ? null : Math.max(0, Math.min(length - 1, from + step));
}
