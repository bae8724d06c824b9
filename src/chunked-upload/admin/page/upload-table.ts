import { type ListedUpload, keyOf } from './api.js';
import { byId } from './element.js';
import { ListState } from './list-state.js';
import { UploadRow } from './upload-row.js';

export interface TableEvents {
  open(upload: ListedUpload): void;
  selectionChanged(): void;
  /** `filename`, or `-filename` for the other way round. */
  sortBy(sort: string): void;
  /** By a value that was clicked. */
  filterBy(values: Readonly<Record<string, string>>): void;
}

/** The list itself: rows that stay themselves, with focus and selection, while it is refreshed. */
export class UploadTable {
  private readonly table = byId('uploads', HTMLTableElement);
  private readonly body = byId('rows', HTMLTableSectionElement);
  private readonly all = byId('select-all', HTMLInputElement);
  private rows = new Map<string, UploadRow>();
  private sort = '-created';

  constructor(private readonly events: TableEvents) {
    this.all.addEventListener('change', () => this.selectAll(this.all.checked));
    for (const header of this.sortable) {
      header.querySelector('button')?.addEventListener('click', () => {
        const column = header.dataset['sort'] ?? '';
        // A size or an age is asked for from its large end first, a name from A.
        const usual = column === 'filename' ? column : `-${column}`;
        const other = column === 'filename' ? `-${column}` : column;
        events.sortBy(this.sort === usual ? other : usual);
      });
    }
  }

  get uploads(): ListedUpload[] {
    return [...this.rows.values()].map(({ upload }) => upload);
  }

  get selection(): ListedUpload[] {
    const selected = [...this.rows.values()].filter((row) => row.selected);
    return selected.map(({ upload }) => upload);
  }

  show(uploads: readonly ListedUpload[], state: ListState): void {
    const focused = document.activeElement;
    const known = this.rows;
    this.rows = new Map();
    for (const upload of uploads) {
      const row = known.get(keyOf(upload)) ?? this.makeRow(upload);
      row.show(upload);
      row.open.href = String(state.with({ open: keyOf(upload) }));
      this.rows.set(keyOf(upload), row);
    }
    for (const [key, row] of known) if (!this.rows.has(key)) row.item.remove();
    [...this.rows.values()].forEach(({ item }, at) => {
      const there = this.body.children[at];
      if (there !== item) this.body.insertBefore(item, there ?? null);
    });
    if (focused instanceof HTMLElement && focused !== document.activeElement) focused.focus();
    this.table.hidden = uploads.length === 0;
    this.showSort(state.get('sort') || '-created');
    this.followSelection();
  }

  get isAllSelected(): boolean {
    return this.rows.size > 0 && this.selection.length === this.rows.size;
  }

  set busy(busy: boolean) {
    this.table.ariaBusy = String(busy);
  }

  selectAll(selected: boolean): void {
    for (const row of this.rows.values()) row.selected = selected;
    this.followSelection();
  }

  /** Moves the focus by rows, from the one that has it. */
  move(by: number): void {
    const rows = [...this.rows.values()];
    const at = rows.findIndex(({ item }) => item.contains(document.activeElement));
    const from = at < 0 ? (by > 0 ? -1 : rows.length) : at;
    rows[Math.min(Math.max(from + by, 0), rows.length - 1)]?.open.focus();
  }

  get focused(): ListedUpload | null {
    return this.focusedRow?.upload ?? null;
  }

  toggleFocused(): void {
    const row = this.focusedRow;
    if (!row) return;
    row.selected = !row.selected;
    this.followSelection();
  }

  /** Back to where the reader came from, or to the list as such. */
  focus(upload: { type: string; id: string } | null): void {
    const row = upload && this.rows.get(keyOf(upload));
    (row?.open ?? this.rows.values().next().value?.open)?.focus();
  }

  private get focusedRow(): UploadRow | undefined {
    return [...this.rows.values()].find(({ item }) => item.contains(document.activeElement));
  }

  private get sortable(): HTMLElement[] {
    return [...this.table.querySelectorAll<HTMLElement>('[data-sort]')];
  }

  private makeRow(upload: ListedUpload): UploadRow {
    const row = new UploadRow(upload, (values) => this.events.filterBy(values));
    row.check.addEventListener('change', () => {
      row.selected = row.check.checked;
      this.followSelection();
    });
    row.open.addEventListener('click', (event) => {
      // With a key held down the link opens a tab, as links do.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.events.open(row.upload);
    });
    return row;
  }

  private showSort(sort: string): void {
    this.sort = sort;
    const column = sort.replace('-', '');
    for (const header of this.sortable) {
      const isSorted = header.dataset['sort'] === column;
      // The newest has the smallest age.
      const descends = sort.startsWith('-') !== (column === 'created');
      header.ariaSort = isSorted ? (descends ? 'descending' : 'ascending') : 'none';
    }
  }

  private followSelection(): void {
    const { length } = this.selection;
    this.all.checked = length > 0 && length === this.rows.size;
    this.all.indeterminate = length > 0 && length < this.rows.size;
    this.events.selectionChanged();
  }
}
