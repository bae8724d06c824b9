import { type DetailedUpload, type SelectedUpload, fetchDetail, keyOf } from './api.js';
import type { DetailChanges } from './detail-changes.js';
import { DetailFile } from './detail-file.js';
import { button, byId, element } from './element.js';
import { formatAge, formatBytes, formatShortTime, formatTime, visible } from './format.js';

export interface DetailEvents {
  abort(upload: DetailedUpload): void;
  delete(upload: DetailedUpload): void;
  closed(): void;
}

/** All that is known of one upload. */
export class DetailDialog {
  private readonly dialog = byId('detail', HTMLDialogElement);
  private readonly title = byId('detail-title', HTMLElement);
  private readonly body = byId('detail-body', HTMLElement);
  private readonly actions = byId('detail-actions', HTMLElement);
  private shown: SelectedUpload | null = null;
  private upload: DetailedUpload | null = null;
  private rendered = '';

  private readonly file = new DetailFile();

  constructor(
    events: DetailEvents,
    private readonly changes: DetailChanges,
  ) {
    button('detail-close').addEventListener('click', () => this.dialog.close());
    button('detail-abort').addEventListener(
      'click',
      () => this.upload && events.abort(this.upload),
    );
    button('detail-delete').addEventListener(
      'click',
      () => this.upload && events.delete(this.upload),
    );
    this.dialog.addEventListener('close', () => {
      // The event comes late: by then another one may be open.
      if (this.dialog.open) return;
      this.shown = null;
      this.file.show(null);
      events.closed();
    });
  }

  get current(): DetailedUpload | null {
    return this.shown && this.upload;
  }

  /** Shows another one, or none, or what is new about the same one. */
  async show(wanted: SelectedUpload | null): Promise<void> {
    if (!wanted) {
      if (this.dialog.open) this.dialog.close();
      return;
    }
    const isOther = !this.shown || keyOf(this.shown) !== keyOf(wanted);
    this.shown = wanted;
    if (isOther) {
      this.upload = null;
      this.render('Loading…', []);
      if (!this.dialog.open) this.dialog.showModal();
      this.title.focus();
    }
    try {
      const upload = await fetchDetail(wanted);
      if (this.shown !== wanted) return;
      this.upload = upload;
      this.render(visible(upload.filename), contents(upload));
      button('detail-abort').hidden = upload.status === 'complete' || upload.status === 'aborted';
    } catch (error) {
      if (this.shown !== wanted) return;
      this.upload = null;
      const sentence = error instanceof Error ? error.message : String(error);
      this.render('This upload cannot be shown', [element('p', { textContent: sentence })]);
    }
  }

  private render(title: string, parts: readonly HTMLElement[]): void {
    this.title.textContent = title;
    this.actions.hidden = !this.upload;
    this.file.show(this.upload);
    this.changes.show(this.upload);
    byId('detail-changes', HTMLElement).hidden ||= !this.upload;
    // What is the same stays: the reader may be copying from it.
    const html = parts.map((each) => each.outerHTML).join('');
    if (html === this.rendered && html !== '') return;
    this.rendered = html;
    this.body.replaceChildren(...parts);
  }
}

function contents(upload: DetailedUpload): HTMLElement[] {
  const { offset, total, progress, history, own } = upload;
  const time = (iso: string | null) => iso && formatTime(iso);
  const facts: [string, string | null][] = [
    ['Status', upload.writing ? `${upload.status}, receiving now` : upload.status],
    ['Type', upload.type],
    ['Id', upload.id],
    ['Creator', upload.creator ?? 'anonymous'],
    ['Protocol', upload.protocol],
    ['Owner', upload.owner_type && `${upload.owner_type} ${upload.owner_id ?? ''}`],
    ['Received', exactBytes(offset)],
    ['Size', total === null ? 'not known yet' : exactBytes(total)],
    ['Progress', progress === null ? null : `${Math.floor(progress * 100)} %`],
    ['Begun', `${formatTime(upload.created_at)}, ${formatAge(upload.age_seconds)} ago`],
    ['Completed', time(upload.completed_at)],
    ['Expires', time(upload.expires_at)],
    ['Checksum', upload.checksum],
    ['Type by its bytes', upload.mime_type],
    ['Stored at', upload.key],
    ['Written by', upload.writer],
    ['Written until', time(upload.writing_until)],
    ...Object.entries(own).map(([name, value]): [string, string] => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  ];
  const list = element('dl');
  for (const [name, value] of facts) {
    if (value === null || value === '') continue;
    const words = element('dd', {}, element('bdi', { textContent: visible(value) }));
    list.append(element('div', {}, element('dt', { textContent: name }), words));
  }
  return history.length > 0 ? [list, historyOf(history)] : [list];
}

/** For people, and to the byte. */
function exactBytes(bytes: number): string {
  const words = formatBytes(bytes);
  return bytes < 1024 ? words : `${words} (${bytes.toLocaleString()} bytes)`;
}

function historyOf(history: DetailedUpload['history']): HTMLElement {
  const body = element('tbody');
  let before = history.length < 20 ? 0 : null;
  for (const { offset, at } of history) {
    const gained = before === null ? '' : `+${formatBytes(offset - before)}`;
    const cells = [formatShortTime(at), formatBytes(offset), gained].map((text, column) =>
      element('td', { textContent: text, className: column > 0 ? 'number' : '' }),
    );
    body.prepend(element('tr', {}, ...cells));
    before = offset;
  }
  const heads = ['Time', 'Offset', 'Chunk'].map((textContent, column) =>
    element('th', { scope: 'col', textContent, className: column > 0 ? 'number' : '' }),
  );
  const head = element('thead', {}, element('tr', {}, ...heads));
  const caption = element('caption', { textContent: 'Last chunks' });
  return element('table', { className: 'history' }, caption, head, body);
}
