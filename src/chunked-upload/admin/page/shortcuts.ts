import { button, byId, element } from './element.js';

export interface Shortcut {
  /** As `KeyboardEvent.key` names them. */
  readonly keys: readonly string[];
  readonly does: string;
  readonly run: () => void;
}

const SETTING = 'chunked-upload-admin:keys';

/** The keys of the page; shown in a list, where they can be switched off. */
export class Shortcuts {
  private readonly dialog = byId('help', HTMLDialogElement);
  private readonly on = byId('keys-on', HTMLInputElement);

  constructor(private readonly shortcuts: readonly Shortcut[]) {
    byId('help-keys', HTMLElement).append(...shortcuts.map((each) => this.line(each)));
    button('help-open').addEventListener('click', () => this.dialog.showModal());
    button('help-close').addEventListener('click', () => this.dialog.close());
    this.on.checked = localStorage.getItem(SETTING) !== 'off';
    this.on.addEventListener('change', () => {
      localStorage.setItem(SETTING, this.on.checked ? 'on' : 'off');
    });
    document.addEventListener('keydown', (event) => this.follow(event));
  }

  showHelp(): void {
    this.dialog.showModal();
  }

  private follow(event: KeyboardEvent): void {
    if (!this.on.checked || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector('dialog[open]') || isTyping(event)) return;
    const shortcut = this.shortcuts.find(({ keys }) => keys.includes(event.key));
    if (!shortcut) return;
    event.preventDefault();
    shortcut.run();
  }

  private line({ keys, does }: Shortcut): HTMLElement {
    const head = element('th', { scope: 'row' });
    keys.forEach((key, at) => {
      head.append(...(at > 0 ? [' or '] : []), element('kbd', { textContent: nameOf(key) }));
    });
    return element('tr', {}, head, element('td', { textContent: does }));
  }
}

const NAMES: Readonly<Record<string, string>> = { ArrowDown: '↓', ArrowUp: '↑', Delete: 'Del' };

function nameOf(key: string): string {
  return NAMES[key] ?? key;
}

function isTyping({ target, key }: KeyboardEvent): boolean {
  if (target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement) return true;
  if (!(target instanceof HTMLInputElement)) return false;
  return target.type !== 'checkbox' || key === ' ';
}
