import { element, setAttribute, setHidden, setText } from './dom.js';
import { type Entry, type EntryAction } from './entry.js';
import { fileName } from './file-name.js';
import { icon, iconOf, setIcon } from './icons.js';
import { buttonsOf, type RowButton, statusOf } from './row-words.js';
import { paint, type Thumbnails } from './thumbnails.js';
import { type VirtualRow } from './virtual-list.js';
import { type Wording } from './wording.js';

/** What rows need of the element that they are in. */
export interface RowSurroundings {
  readonly words: Wording;
  readonly thumbnails: Thumbnails;
  act(entry: Entry, action: EntryAction): void;
}

let rows = 0;

/** One file of the list: its picture, what it does, how far it is, and the buttons for it. */
export class UploadRow implements VirtualRow<Entry> {
  readonly item: HTMLLIElement;
  private readonly status = element('p', { part: 'status', className: 'status' });
  private readonly error = element('p', { part: 'error', className: 'error', hidden: true });
  private readonly bar = element('progress', { part: 'bar' });
  private readonly actions = element('div', { className: 'actions' });
  private readonly mark = icon('check');
  private shown: Entry | null = null;

  constructor(
    private entry: Entry,
    private readonly around: RowSurroundings,
  ) {
    this.status.id = `status-${(rows += 1)}`;
    this.error.id = `error-${rows}`;
    this.bar.ariaLabel = entry.name;
    this.bar.max = entry.file.size || 1;
    this.mark.classList.add('mark');
    this.actions.addEventListener('click', ({ target }) => this.press(target));
    const name = fileName(entry.name);
    const words = element('div', { className: 'words' }, name, this.status, this.error);
    this.item = element(
      'li',
      { part: 'row', className: 'row' },
      this.picture(),
      words,
      this.actions,
      this.bar,
    );
  }

  /** Draws what differs from what is there; a countdown differs by itself. */
  update(entry: Entry): void {
    const before = this.shown;
    if (before === entry && entry.nextTryAt === null) return;
    this.entry = entry;
    this.shown = entry;
    const { error, file, sent, state } = entry;
    setAttribute(this.item, 'data-state', state);
    setAttribute(this.item, 'part', `row row-${state}`);
    this.bar.value = state === 'complete' ? this.bar.max : sent;
    const isUnderWay = state !== 'waiting' || sent > 0;
    setHidden(
      this.bar,
      !isUnderWay || ['cancelled', 'cancelling', 'complete', 'failed'].includes(state),
    );
    setText(this.status, statusOf(entry, this.around.words));
    const why = reasonOf(entry);
    setText(this.error, why);
    setHidden(this.error, why === '');
    setIcon(this.mark, state === 'failed' ? 'warning' : 'check');
    const same = before?.state === state && before.error?.code === error?.code;
    if (!same) this.showButtons(buttonsOf(entry), file.name);
  }

  leave(): void {
    this.around.thumbnails.leave(this.entry.file);
  }

  private press(target: EventTarget | null): void {
    const pressed = target instanceof Element ? target.closest('button') : null;
    const action = buttonsOf(this.entry).find((each) => each.action === pressed?.dataset['action']);
    if (action) this.around.act(this.entry, action.action);
  }

  private picture(): HTMLElement {
    const { file } = this.entry;
    const drawing = icon(iconOf(file.type));
    const place = element('span', { part: 'thumbnail', className: 'thumbnail' });
    place.append(drawing, this.mark);
    this.around.thumbnails.want(file, (picture) => {
      const canvas = element('canvas');
      canvas.setAttribute('aria-hidden', 'true');
      paint(canvas, picture);
      drawing.replaceWith(canvas);
    });
    return place;
  }

  /** Keeps the buttons that stay, so that the focus stays on the button that was pressed. */
  private showButtons(wanted: readonly RowButton[], name: string): void {
    const old = [...this.actions.children].filter((each) => each instanceof HTMLButtonElement);
    const root = this.actions.getRootNode() as Document | ShadowRoot;
    const focused = old.findIndex((each) => each === root.activeElement);
    const places = wanted.map((each, index) => this.button(each, old[index], name));
    for (const extra of old.slice(places.length)) extra.remove();
    this.actions.append(...places.filter((place) => !old.includes(place)));
    if (focused >= places.length) places.at(-1)?.focus();
  }

  private button(
    { action, icon: drawing, loud, needsWord, text }: RowButton,
    old: HTMLButtonElement | undefined,
    name: string,
  ): HTMLButtonElement {
    const made = old ?? element('button', { type: 'button' }, icon(drawing), element('span'));
    const word = this.around.words.say(text);
    made.title = word;
    made.ariaLabel = `${word} ${name}`;
    made.className = loud ? `loud ${needsWord ? 'worded' : ''}` : 'quiet';
    setAttribute(made, 'part', `button button-${action}`);
    setAttribute(made, 'data-action', action);
    setAttribute(made, 'aria-describedby', `${this.status.id} ${this.error.id}`);
    const [svg, label] = made.children;
    if (svg instanceof SVGSVGElement) setIcon(svg, drawing);
    if (label) setText(label, word);
    return made;
  }
}

/** That the connection is lost is said already where the next try is. */
function reasonOf({ error, state }: Entry): string {
  if (state === 'failed' || state === 'complete') return error?.message ?? '';
  return state === 'retrying' && error?.code !== 'network' ? (error?.message ?? '') : '';
}
