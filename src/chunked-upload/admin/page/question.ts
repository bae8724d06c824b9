import { button, byId, element } from './element.js';

export interface Question {
  readonly title: string;
  readonly sentence: string;
  /** What it is about, by name. */
  readonly names?: readonly string[];
  /** What the button says that does it. */
  readonly yes: string;
}

const NAMES_SHOWN = 5;

/** Asks before something that cannot be undone. The way out has the focus. */
export async function ask({ title, sentence, names = [], yes }: Question): Promise<boolean> {
  const dialog = byId('question', HTMLDialogElement);
  byId('question-title', HTMLElement).textContent = title;
  byId('question-sentence', HTMLElement).textContent = sentence;
  const shown = names.length > NAMES_SHOWN + 1 ? names.slice(0, NAMES_SHOWN) : names;
  const items = shown.map((name) => element('li', {}, element('bdi', { textContent: name })));
  if (shown.length < names.length) {
    items.push(element('li', { textContent: `and ${names.length - shown.length} more` }));
  }
  byId('question-list', HTMLElement).replaceChildren(...items);
  const no = button('question-no');
  const does = button('question-yes');
  does.textContent = yes;
  const asked = new AbortController();
  const { signal } = asked;
  return new Promise((resolve) => {
    const end = (answer: boolean): void => {
      asked.abort();
      dialog.close();
      resolve(answer);
    };
    no.addEventListener('click', () => end(false), { signal });
    does.addEventListener('click', () => end(true), { signal });
    // By Escape. The event comes late: that of the question before may find this one open.
    dialog.addEventListener('close', () => dialog.open || end(false), { signal });
    dialog.showModal();
    no.focus();
  });
}
