import { type Representation } from '../representation.js';
import { element, setHidden, setText } from './dom.js';
import {
  download,
  deleteStored,
  listStored,
  type ServerAccess,
  type Stored,
  storedOf,
} from './server-list.js';
import { SmallRow, typeOf } from './small-row.js';
import { Undoing } from './undoing.js';
import { VirtualList, type VirtualRow } from './virtual-list.js';
import { type Wording } from './wording.js';

/** What the caller has stored on the server, in this visit or an earlier one. */
export class StoredFiles {
  readonly node: HTMLElement;
  private readonly title = element('h2', { part: 'title', className: 'title', tabIndex: -1 });
  private readonly count = element('p', { part: 'summary', className: 'status' });
  private readonly complaint = element('p', { part: 'error', className: 'error', hidden: true });
  private readonly list: VirtualList<Stored>;
  private readonly complaints = new Map<string, string>();
  private readonly undoing: Undoing;
  private files: readonly Stored[] = [];
  private hidden: ReadonlySet<string> = new Set();
  private access: ServerAccess | null = null;
  private asking = new AbortController();

  constructor(private readonly words: Wording) {
    const rows = element('ul', { id: 'stored', className: 'rows' });
    const scroller = element('div', { part: 'list', className: 'scroller' }, rows);
    this.title.id = 'stored-title';
    rows.setAttribute('aria-labelledby', this.title.id);
    setText(this.title, words.say('stored'));
    const head = element('div', { className: 'words' }, this.title, this.count, this.complaint);
    this.node = element(
      'section',
      { part: 'stored panel', className: 'panel', hidden: true },
      element('div', { className: 'overview' }, head),
      scroller,
    );
    this.node.setAttribute('aria-labelledby', this.title.id);
    this.list = new VirtualList(scroller, rows, () => this.row());
    this.undoing = new Undoing(
      (key) => scroller.querySelector(`[data-id="${key}"] button:focus-visible`) !== null,
      (keys) => keys.forEach((key) => void this.remove(key)),
    );
  }

  /**
   * Asks the server anew. Whoever is anonymous has none, and sees no list.
   *
   * @param access `null`: there is nowhere to ask
   */
  async load(access: ServerAccess | null): Promise<void> {
    this.asking.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    if (access?.endpoint !== this.access?.endpoint || access?.headers !== this.access?.headers) {
      this.undoing.flush();
      this.files = [];
    }
    this.access = access;
    let why = '';
    try {
      this.files = access ? await listStored(access, signal) : [];
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      why = this.files.length > 0 ? this.words.say('storedFailed', { reason }) : '';
    }
    if (signal.aborted) return;
    setText(this.complaint, why);
    setHidden(this.complaint, why === '');
    this.show();
  }

  /** Adds what has been stored just now. */
  add(uploads: readonly Representation[]): void {
    if (!this.access) return;
    const ids = new Set(uploads.map(({ id }) => id));
    const others = this.files.filter(({ key }) => !ids.has(key));
    this.files = [...uploads.map((upload) => storedOf(upload)), ...others];
    this.show();
  }

  /** Leaves out what the page shows elsewhere. */
  leaveOut(ids: ReadonlySet<string>): void {
    const same = ids.size === this.hidden.size && [...ids].every((id) => this.hidden.has(id));
    this.hidden = ids;
    if (!same) this.show();
  }

  stop(): void {
    this.asking.abort();
    this.undoing.flush();
  }

  private show(): void {
    const shown = this.files.filter(({ key }) => !this.hidden.has(key));
    setHidden(this.node, shown.length === 0);
    setText(this.count, this.words.say('storedCount', { count: shown.length }));
    this.list.show(shown);
  }

  private row(): VirtualRow<Stored> {
    let row: SmallRow | null = null;
    let state = '';
    const item = element('li');
    const made = {
      item,
      update: (stored: Stored): void => {
        const { key, upload } = stored;
        const gone = this.undoing.has(key);
        const now = `${gone} ${this.complaints.get(key) ?? ''}`;
        if (row && now === state) return;
        if (!row) {
          row = new SmallRow(this.words, upload.filename, typeOf(upload.filename));
          item.className = 'row';
          item.setAttribute('part', 'row');
          item.dataset['id'] = key;
          item.append(...row.item.childNodes);
        }
        state = now;
        item.dataset['state'] = gone ? 'cancelled' : 'complete';
        this.describe(row, stored, gone);
      },
      leave: () => undefined,
    };
    return made;
  }

  private describe(row: SmallRow, { key, upload }: Stored, gone: boolean): void {
    const { words } = this;
    const parts = [
      words.size(upload.total ?? upload.offset),
      words.date(upload.completed_at ?? ''),
    ];
    if (gone) parts.unshift(words.say('deleted'));
    row.say(parts.filter(Boolean).join(' · '), this.complaints.get(key));
    const undo = (): void => {
      this.undoing.undo(key);
      this.show();
    };
    const remove = (): void => {
      this.complaints.delete(key);
      this.undoing.begin([key]);
      this.show();
    };
    row.offer(
      gone
        ? [{ action: 'undo', text: 'undo', icon: 'undo', loud: true, press: undo }]
        : [
            {
              action: 'download',
              text: 'download',
              icon: 'download',
              press: () => void this.fetch(key),
            },
            { action: 'delete', text: 'delete', icon: 'remove', press: remove },
          ],
    );
  }

  private async fetch(key: string): Promise<void> {
    const { access } = this;
    const stored = this.files.find((each) => each.key === key);
    if (!access || !stored) return;
    this.complaints.delete(key);
    try {
      await download(access, stored.upload);
    } catch {
      this.complaints.set(key, this.words.say('downloadFailed'));
    }
    this.show();
  }

  private async remove(key: string): Promise<void> {
    const { access } = this;
    if (!access) return;
    try {
      await deleteStored(access, key);
      this.files = this.files.filter((each) => each.key !== key);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.complaints.set(key, this.words.say('deleteFailed', { reason }));
    }
    this.show();
  }
}
