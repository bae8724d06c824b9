import {
  ChunkedUpload,
  type Progress,
  type Representation,
  UploadError,
  type UploadState,
} from '../../client/index.js';
import { headersOf } from './account.js';
import { downloadControl } from './download.js';
import { announce, element } from './element.js';
import { formatBytes, formatSeconds, percent } from './format.js';
import { type Target } from './settings.js';
import { type Task, type UploadQueue } from './upload-queue.js';

type RowState = Exclude<UploadState, 'idle'> | 'waiting';

const WORDS: Readonly<Record<RowState, string>> = {
  waiting: 'Waiting for its turn',
  sending: 'Sending',
  retrying: 'Connection lost, trying again',
  paused: 'Paused',
  completing: 'Checking',
  complete: 'Complete',
  failed: 'Failed',
  aborted: 'Cancelled',
};

/** One file of the list: what it does, how far it is, and the buttons for it. */
export class UploadRow implements Task {
  readonly item: HTMLLIElement;
  private readonly bar: HTMLProgressElement;
  private readonly status = element('p', { className: 'status' });
  private readonly error = element('p', { className: 'error', role: 'alert', hidden: true });
  private readonly toggle = element('button', { type: 'button' });
  private readonly cancel = element('button', { type: 'button', textContent: 'Cancel' });
  private readonly actions = element('div', { className: 'actions' }, this.toggle, this.cancel);
  private readonly upload: ChunkedUpload;
  private state: RowState = 'waiting';

  /** @param changed called when an upload began, ended or went away */
  constructor(
    private readonly file: File,
    private readonly target: Target,
    private readonly queue: UploadQueue,
    private readonly changed: () => void,
  ) {
    const { endpoint, user, owner } = target;
    this.upload = new ChunkedUpload(file, {
      endpoint,
      headers: headersOf(user),
      scope: user,
      fields: owner,
      onProgress: (progress) => this.showProgress(progress),
      onStateChange: (state) => this.follow(state),
      onRetry: ({ error }) => this.showError(error),
    });
    this.bar = element('progress', { max: file.size || 1, value: 0, ariaLabel: file.name });
    this.item = element(
      'li',
      { className: 'upload' },
      element('h3', { textContent: file.name }),
      this.status,
      this.bar,
      this.error,
      this.actions,
    );
    this.toggle.addEventListener('click', () => this.act());
    this.cancel.addEventListener('click', () => void this.leave());
    this.show('waiting');
    queue.enter(this);
  }

  go(): void {
    if (this.upload.state === 'paused') this.upload.resume();
    else void this.run();
  }

  private async run(): Promise<void> {
    try {
      this.finish(await this.upload.start());
    } catch (error) {
      if (this.upload.state === 'failed') this.showError(error);
    } finally {
      this.queue.leave(this);
      this.changed();
    }
  }

  /** Pause, resume or try again, whatever the button says. */
  private act(): void {
    if (this.state === 'paused' || this.state === 'failed') {
      this.show('waiting');
      this.queue.enter(this);
    } else {
      this.upload.pause();
      this.queue.leave(this);
    }
  }

  /** Removes the upload, if it is one yet and not complete, and the row. */
  private async leave(): Promise<void> {
    const wasComplete = this.state === 'complete';
    this.queue.leave(this);
    try {
      await this.upload.abort();
      // It was too late to cancel: the row shows the complete upload.
      if (!wasComplete && this.upload.state === 'complete') return await this.run();
      this.item.remove();
      document.getElementById('uploads-title')?.focus();
      this.changed();
    } catch (error) {
      this.showError(error);
    }
  }

  private finish(answer: Representation): void {
    this.toggle.replaceWith(downloadControl(answer, this.target.user));
    this.cancel.textContent = 'Hide';
    this.label(this.cancel);
    this.bar.value = this.bar.max;
  }

  private follow(state: UploadState): void {
    if (state === 'idle') return;
    this.show(state);
    announce(`${this.file.name}: ${WORDS[state]}`);
  }

  private show(state: RowState): void {
    this.state = state;
    this.item.dataset['state'] = state;
    if (state !== 'retrying' && state !== 'failed') this.error.hidden = true;
    this.toggle.hidden = state === 'waiting' || state === 'aborted';
    this.toggle.textContent =
      state === 'paused' ? 'Resume' : state === 'failed' ? 'Try again' : 'Pause';
    this.label(this.toggle, this.cancel);
    this.showProgress(this.upload.progress);
  }

  /** Says of which file a button is, for those who do not see it beside the name. */
  private label(...buttons: HTMLButtonElement[]): void {
    for (const button of buttons) button.ariaLabel = `${button.textContent} ${this.file.name}`;
  }

  private showProgress({ sent, total, bytesPerSecond, secondsLeft }: Progress): void {
    this.bar.value = sent;
    const parts = [WORDS[this.state]];
    if (this.state === 'complete') {
      parts.push(formatBytes(total));
    } else {
      parts.push(`${percent(sent, total)} % of ${formatBytes(total)}`);
    }
    if (this.state === 'sending' && secondsLeft !== null) {
      parts.push(`${formatBytes(bytesPerSecond)}/s`, `${formatSeconds(secondsLeft)} left`);
    }
    this.status.textContent = parts.join(' · ');
  }

  private showError(error: unknown): void {
    this.error.textContent = error instanceof UploadError ? error.message : String(error);
    this.error.hidden = false;
  }
}
