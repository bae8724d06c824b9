import { type ChosenFile, chosenIn } from './chosen-files.js';
import { element, setText } from './dom.js';
import { icon } from './icons.js';
import { type Wording } from './wording.js';

/** What a browser lets people choose from. */
export interface Choice {
  /** As of `<input accept>`. */
  readonly accept: string;
  readonly multiple: boolean;
}

/** Where files are chosen, and the sign that is seen while files are dragged over the page. */
export class DropPlace {
  readonly node: HTMLElement;
  readonly overlay: HTMLElement;
  private readonly files = element('input', { type: 'file', id: 'files', tabIndex: -1 });
  private readonly folder = element('input', { type: 'file', id: 'folder', tabIndex: -1 });
  private readonly folderButton: HTMLButtonElement;
  private readonly chooseButton: HTMLButtonElement;
  private readonly limits = element('span', { part: 'limits', className: 'limits' });
  private taker: ((files: ChosenFile[]) => void) | null = null;

  constructor(
    private readonly words: Wording,
    private readonly take: (files: ChosenFile[]) => void,
  ) {
    this.folder.webkitdirectory = true;
    for (const input of [this.files, this.folder]) {
      input.setAttribute('aria-hidden', 'true');
      input.addEventListener('change', () => this.chosen(input));
    }
    this.chooseButton = this.button('button button-choose', 'primary', words.say('chooseFiles'));
    this.chooseButton.addEventListener('click', () => this.ask());
    this.folderButton = this.button('button button-folder', 'loud', words.say('chooseFolder'));
    this.folderButton.addEventListener('click', () => this.askFor(this.folder, null));
    const sign = element('span', { className: 'sign' });
    sign.append(icon('upload'));
    const how = element('span', { className: 'how', textContent: words.say('dropHint') });
    const hint = element('p', { part: 'hint', className: 'hint' }, how, this.limits);
    this.node = element(
      'div',
      { part: 'drop', className: 'drop' },
      sign,
      this.chooseButton,
      this.folderButton,
      hint,
      this.files,
      this.folder,
    );
    // The whole place is a button for the mouse; for others its buttons are there.
    this.node.addEventListener('click', ({ target }) => {
      if (!(target instanceof Element) || target.closest('button, input') === null) this.ask();
    });
    this.overlay = this.sign();
  }

  /** @param limits a sentence about what is taken; empty: everything */
  update({ accept, multiple }: Choice, limits: string): void {
    this.files.accept = accept;
    this.files.multiple = multiple;
    this.folderButton.hidden = !multiple;
    setText(this.limits, limits);
  }

  /** Opens the browser's dialog; with `taker` for files that are meant for something special. */
  ask(taker: ((files: ChosenFile[]) => void) | null = null): void {
    this.askFor(this.files, taker);
  }

  focus(): void {
    this.chooseButton.focus();
  }

  showDragging(isOver: boolean): void {
    const { overlay } = this;
    if (overlay.classList.contains('over') === isOver) return;
    overlay.classList.toggle('over', isOver);
    // Above everything else of the page, where the browser knows how.
    if (!('popover' in overlay) || !overlay.isConnected) return;
    if (isOver) overlay.showPopover();
    else overlay.hidePopover();
  }

  private askFor(input: HTMLInputElement, taker: typeof this.taker): void {
    // One that was asked before may have been dismissed.
    this.taker = taker;
    input.click();
  }

  private chosen(input: HTMLInputElement): void {
    const files = chosenIn(input);
    input.value = ''; // So that the same file can be chosen again.
    const { taker } = this;
    this.taker = null;
    if (files.length > 0) (taker ?? this.take)(files);
  }

  private button(part: string, className: string, word: string): HTMLButtonElement {
    return element('button', { type: 'button', part, className }, word);
  }

  private sign(): HTMLElement {
    const heading = element('strong', { textContent: this.words.say('dropHere') });
    const hint = element('p', { textContent: this.words.say('dropHereHint') });
    const sign = element('div', { part: 'overlay-sign' }, icon('upload'), heading, hint);
    const field = element('div', {}, sign);
    const overlay = element('div', { part: 'overlay', className: 'overlay' }, field);
    overlay.setAttribute('popover', 'manual');
    overlay.setAttribute('aria-hidden', 'true');
    return overlay;
  }
}
