import { type ListedUpload, keyOf } from './api.js';
import { element } from './element.js';
import { formatAge, formatBytes, formatTime, visible } from './format.js';

/** One upload of the list. */
export class UploadRow {
  readonly item = element('tr', { role: 'row' });
  readonly open = element('a', { className: 'name' });
  readonly check = element('input', { type: 'checkbox' });
  private readonly checkLabel = element('span', { className: 'unseen' });
  private readonly status = element('span', { className: 'badge' });
  private readonly progress = cell('Progress', 'progress');
  private readonly size = cell('Size', 'number size');
  private readonly creator = cell('Creator', 'creator');
  private readonly owner = cell('Owner', 'owner');
  private readonly type = cell('Type', 'type');
  private readonly age = cell('Age', 'number age');

  constructor(public upload: ListedUpload) {
    const check = cell('', 'check');
    check.append(element('label', {}, this.check, this.checkLabel));
    const name = element('th', { role: 'rowheader', scope: 'row', className: 'filename' });
    name.append(this.open);
    const status = cell('Status', 'status');
    status.append(this.status);
    const { progress, size, creator, owner, type, age } = this;
    this.item.append(check, name, status, progress, size, creator, owner, type, age);
    this.item.dataset['key'] = keyOf(upload);
    this.show(upload);
  }

  get selected(): boolean {
    return this.check.checked;
  }

  set selected(selected: boolean) {
    this.check.checked = selected;
    this.item.classList.toggle('selected', selected);
  }

  show(upload: ListedUpload): void {
    this.upload = upload;
    const { filename, status, offset, total, creator, owner_type: ownerType } = upload;
    setText(this.open, visible(filename));
    setText(this.checkLabel, `Select ${visible(filename)}`);
    setText(this.status, upload.writing ? 'receiving' : status);
    this.status.dataset['status'] = upload.writing ? 'receiving' : status;
    this.showProgress(upload);
    setText(this.size, total === null ? `${formatBytes(offset)} so far` : formatBytes(total));
    setText(this.creator, creator === null ? 'anonymous' : visible(creator));
    this.creator.classList.toggle('none', creator === null);
    setText(
      this.owner,
      ownerType === null ? '–' : visible(`${ownerType} ${upload.owner_id ?? ''}`),
    );
    this.owner.classList.toggle('none', ownerType === null);
    setText(this.type, upload.type);
    setText(this.age, formatAge(upload.age_seconds));
    this.age.title = formatTime(upload.created_at);
  }

  private showProgress({ progress, offset, status, filename }: ListedUpload): void {
    if (status === 'complete') return setText(this.progress, '100 %');
    if (progress === null) return setText(this.progress, `${formatBytes(offset)} received`);
    const bar = this.progress.querySelector('progress') ?? element('progress', { max: 1 });
    const words = this.progress.querySelector('span') ?? element('span');
    bar.value = progress;
    bar.ariaLabel = `Progress of ${visible(filename)}`;
    // 100 only at the end.
    setText(words, `${Math.floor(progress * 100)} %`);
    if (!bar.isConnected) this.progress.replaceChildren(bar, words);
  }
}

function cell(label: string, className: string): HTMLTableCellElement {
  const made = element('td', { role: 'cell', className });
  // Shown before the value where rows are cards.
  if (label) made.dataset['label'] = label;
  return made;
}

/** What is the same already stays: a selection of text, and a screen reader, are not disturbed. */
function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}
