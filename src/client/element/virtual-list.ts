import { setAttribute } from './dom.js';

/** One row of the list, made once for each entry that is in sight. */
export interface VirtualRow<Entry> {
  readonly item: HTMLLIElement;
  update(entry: Entry): void;
  /** It goes out of sight, and is not used again. */
  leave(): void;
}

/** Pixels above and below what is in sight that are there already when it is scrolled. */
const MARGIN = 240;

/** Rows that are there at the first moment, before anything has been measured. */
const FIRST = 12;

/**
 * A list whose rows are in the page only while they are in sight: ten thousand take as long to draw
 * as ten. Rows may differ in height; each is measured once it is seen.
 */
export class VirtualList<Entry extends { readonly key: string }> {
  private readonly rows = new Map<string, VirtualRow<Entry>>();
  private readonly keyOfItem = new WeakMap<Element, string>();
  private readonly heights = new Map<string, number>();
  private readonly sizes: ResizeObserver;
  private entries: readonly Entry[] = [];
  /** Where each row begins; one more for the end of the last. */
  private tops = new Float64Array(1);
  private stale = true;
  private usual = 64;

  /**
   * @param scroller what is scrolled; its only child is `list`
   * @param list gets the height of all rows; its children lie where they belong
   * @param drawn told when other rows may be there than before
   */
  constructor(
    private readonly scroller: HTMLElement,
    private readonly list: HTMLUListElement,
    private readonly make: (entry: Entry) => VirtualRow<Entry>,
    private readonly drawn: () => void = () => undefined,
  ) {
    this.sizes = new ResizeObserver((changes) => this.measure(changes));
    this.sizes.observe(scroller);
    scroller.addEventListener('scroll', () => this.draw(), { passive: true });
  }

  show(entries: readonly Entry[]): void {
    const same = entries.length === this.entries.length;
    const order = same && entries.every((entry, index) => entry.key === this.entries[index]?.key);
    this.entries = entries;
    if (!order) {
      this.stale = true;
      this.forgetHeights();
    }
    this.draw();
  }

  /** Brings a row into sight, and answers it. */
  reveal(index: number): VirtualRow<Entry> | null {
    const entry = this.entries[index];
    if (!entry) return null;
    this.layOut();
    const { scroller } = this;
    const [top = 0, bottom = 0] = [this.tops[index], this.tops[index + 1]];
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    const low = bottom - scroller.clientHeight;
    if (low > scroller.scrollTop) scroller.scrollTop = low;
    this.draw();
    return this.rows.get(entry.key) ?? null;
  }

  /** Scrolls so that a row is the first in sight, as far as there are rows behind it. */
  scrollTo(index: number): void {
    this.layOut();
    this.scroller.scrollTop = this.tops[index] ?? 0;
  }

  /** The place in the list of the row that an element lies in; -1: in none. */
  indexOf(inside: Element): number {
    const item = inside.closest('li');
    const key = item && this.keyOfItem.get(item);
    return key ? this.entries.findIndex((entry) => entry.key === key) : -1;
  }

  private draw(): void {
    this.layOut();
    const { clientHeight, scrollTop } = this.scroller;
    const height = clientHeight === 0 ? FIRST * this.usual : clientHeight;
    const first = this.at(scrollTop - MARGIN);
    const last = this.at(scrollTop + height + MARGIN);
    const seen = new Set<string>();
    for (let index = first; index <= last; index += 1) this.place(index, seen);
    const focused = this.focusedKey();
    for (const [key, row] of this.rows) {
      // What has the focus stays: it would be lost with its row.
      if (seen.has(key) || (key === focused && this.placeAgain(key))) continue;
      this.sizes.unobserve(row.item);
      this.rows.delete(key);
      row.leave();
      row.item.remove();
    }
    this.sort();
    this.drawn();
  }

  private place(index: number, seen: Set<string>): void {
    const entry = this.entries[index];
    if (!entry) return;
    seen.add(entry.key);
    let row = this.rows.get(entry.key);
    if (!row) {
      row = this.make(entry);
      this.rows.set(entry.key, row);
      this.keyOfItem.set(row.item, entry.key);
      this.list.append(row.item);
      this.sizes.observe(row.item);
    }
    row.update(entry);
    const { item } = row;
    const top = `${this.tops[index] ?? 0}px`;
    if (item.style.insetBlockStart !== top) item.style.insetBlockStart = top;
    setAttribute(item, 'aria-posinset', String(index + 1));
    setAttribute(item, 'aria-setsize', String(this.entries.length));
  }

  private placeAgain(key: string): boolean {
    const index = this.entries.findIndex((entry) => entry.key === key);
    if (index !== -1) this.place(index, new Set());
    return index !== -1;
  }

  /** Rows in the order in which they are read and reached by the Tab key. */
  private sort(): void {
    const items = [...this.list.children];
    const place = (item: Element): number => Number(item.getAttribute('aria-posinset'));
    const sorted = items.toSorted((one, other) => place(one) - place(other));
    const active = this.focusedItem();
    for (const [index, item] of sorted.entries()) {
      // Moving what has the focus would take the focus away: the others move around it.
      if (this.list.children[index] === item) continue;
      if (item !== active) this.list.insertBefore(item, this.list.children[index] ?? null);
    }
  }

  private focusedItem(): Element | null {
    const root = this.list.getRootNode() as Document | ShadowRoot;
    return root.activeElement?.closest('li') ?? null;
  }

  private focusedKey(): string | undefined {
    const item = this.focusedItem();
    return item ? this.keyOfItem.get(item) : undefined;
  }

  private layOut(): void {
    if (!this.stale) return;
    this.stale = false;
    const { entries, heights, usual } = this;
    this.tops = new Float64Array(entries.length + 1);
    let top = 0;
    for (const [index, { key }] of entries.entries()) {
      top += heights.get(key) ?? usual;
      this.tops[index + 1] = top;
    }
    this.list.style.blockSize = `${top}px`;
  }

  /** The row at this many pixels from the beginning, by halving. */
  private at(pixels: number): number {
    let [low, high] = [0, this.entries.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.tops[middle] ?? 0) <= pixels) low = middle;
      else high = middle - 1;
    }
    return Math.max(low, 0);
  }

  private measure(changes: readonly ResizeObserverEntry[]): void {
    for (const { target, borderBoxSize } of changes) {
      const key = this.keyOfItem.get(target);
      const height = borderBoxSize[0]?.blockSize ?? 0;
      if (key === undefined || height === 0 || this.heights.get(key) === height) continue;
      // Most rows have one line of words: what is not yet measured is taken for such a one.
      if (this.heights.size === 0) this.usual = height;
      this.heights.set(key, height);
      this.stale = true;
    }
    this.draw();
  }

  private forgetHeights(): void {
    if (this.heights.size <= this.entries.length * 2) return;
    const known = new Set(this.entries.map(({ key }) => key));
    for (const key of this.heights.keys()) if (!known.has(key)) this.heights.delete(key);
  }
}
