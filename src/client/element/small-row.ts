import { element, setHidden, setText } from './dom.js';
import { fileName } from './file-name.js';
import { icon, iconOf, type IconName } from './icons.js';
import { type TextName } from './texts.js';
import { type Wording } from './wording.js';

export interface SmallButton {
  readonly action: string;
  readonly text: TextName;
  readonly icon: IconName;
  readonly loud?: boolean;
  readonly press: () => void;
}

/** A file that is not being sent: its name, a line about it, a complaint, and its buttons. */
export class SmallRow {
  readonly item: HTMLLIElement;
  private readonly line = element('p', { part: 'status', className: 'status' });
  private readonly complaint = element('p', { part: 'error', className: 'error', hidden: true });
  private readonly actions = element('div', { className: 'actions' });

  constructor(
    private readonly words: Wording,
    private readonly name: string,
    type: string,
  ) {
    const picture = element('span', { part: 'thumbnail', className: 'thumbnail' });
    picture.append(icon(iconOf(type)));
    const about = element('div', { className: 'words' }, fileName(name), this.line, this.complaint);
    this.item = element('li', { part: 'row', className: 'row' }, picture, about, this.actions);
  }

  say(line: string, complaint = ''): void {
    setText(this.line, line);
    setText(this.complaint, complaint);
    setHidden(this.complaint, complaint === '');
  }

  offer(buttons: readonly SmallButton[]): void {
    const root = this.actions.getRootNode() as Document | ShadowRoot;
    const hadFocus = this.actions.contains(root.activeElement);
    this.actions.replaceChildren(...buttons.map((each) => this.button(each)));
    if (hadFocus) this.actions.querySelector('button')?.focus();
  }

  private button({ action, icon: drawing, loud, press, text }: SmallButton): HTMLButtonElement {
    const word = this.words.say(text);
    const label = element('span', { textContent: word });
    const made = element('button', { type: 'button', title: word }, icon(drawing), label);
    made.className = loud ? 'loud worded' : 'quiet';
    made.ariaLabel = `${word} ${this.name}`;
    made.setAttribute('part', `button button-${action}`);
    made.dataset['action'] = action;
    made.addEventListener('click', press);
    return made;
  }
}

/** The MIME type that the ending of a name stands for, as far as a drawing needs it. */
export function typeOf(name: string): string {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  return TYPES.find(([endings]) => endings.includes(ending))?.[1] ?? '';
}

const TYPES: readonly (readonly [readonly string[], string])[] = [
  [['avif', 'bmp', 'gif', 'heic', 'jpeg', 'jpg', 'png', 'svg', 'webp'], 'image/'],
  [['avi', 'm4v', 'mkv', 'mov', 'mp4', 'mpeg', 'webm'], 'video/'],
  [['aac', 'flac', 'm4a', 'mp3', 'ogg', 'opus', 'wav'], 'audio/'],
  [['csv', 'doc', 'docx', 'md', 'odt', 'pdf', 'rtf', 'txt'], 'text/'],
];
