import { announce, button, byId, element } from './element.js';

/** What was done, or could not be, above the list. */
export class Notice {
  private readonly box = byId('notice', HTMLElement);
  private readonly text = byId('notice-text', HTMLElement);
  private readonly list = byId('notice-list', HTMLElement);
  private readonly failure = byId('failure', HTMLElement);
  private readonly failureText = byId('failure-text', HTMLElement);

  private readonly stop = button('notice-stop');

  constructor(tryAgain: () => void, stop: () => void) {
    this.stop.addEventListener('click', () => {
      this.stop.disabled = true;
      // What has been asked for is done first.
      this.text.textContent = 'Stopping…';
      announce('Stopping…');
      stop();
    });
    button('notice-close').addEventListener('click', () => this.close());
    button('try-again').addEventListener('click', tryAgain);
  }

  /** How far something is that takes long, and can be stopped. Said aloud at its beginning. */
  progress(sentence: string): void {
    if (this.stop.hidden) {
      announce(sentence);
      this.stop.disabled = false;
    }
    this.stop.hidden = false;
    this.text.textContent = sentence;
    this.list.replaceChildren();
    this.box.hidden = false;
  }

  say(sentence: string, lines: readonly string[] = []): void {
    this.stop.hidden = true;
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
