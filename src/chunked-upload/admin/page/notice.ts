import { announce, button, byId, element } from './element.js';

/** What was done, or could not be, above the list. */
export class Notice {
  private readonly box = byId('notice', HTMLElement);
  private readonly text = byId('notice-text', HTMLElement);
  private readonly list = byId('notice-list', HTMLElement);
  private readonly failure = byId('failure', HTMLElement);
  private readonly failureText = byId('failure-text', HTMLElement);

  constructor(tryAgain: () => void) {
    button('notice-close').addEventListener('click', () => this.close());
    button('try-again').addEventListener('click', tryAgain);
  }

  say(sentence: string, lines: readonly string[] = []): void {
    this.text.textContent = sentence;
    this.list.replaceChildren(...lines.map((line) => element('li', { textContent: line })));
    this.box.hidden = false;
    announce([sentence, ...lines].join(' '));
  }

  close(): void {
    this.box.hidden = true;
  }

  /** Null: all is well again. */
  showFailure(error: unknown): void {
    this.failure.hidden = error === null;
    const sentence = error instanceof Error ? error.message : String(error);
    // The same again is not said again.
    if (error !== null && this.failureText.textContent !== sentence) {
      this.failureText.textContent = sentence;
    }
  }
}
