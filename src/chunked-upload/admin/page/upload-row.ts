import { type ListedUpload, keyOf } from './api.js';
import { element } from './element.js';
import { formatAge, formatBytes, formatTime, visible } from './format.js';

/** One upload of the list. */
export class UploadRow {
  readonly item = element('tr', { role: 'row' });
  readonly open = element('a', { className: 'name' });
  readonly check = element('input', { type: 'checkbox' });
  private readonly checkLabel = element('span', { className: 'unseen' });
  private readonly status = element('button', { type: 'button', className: 'badge' });
  private readonly creatorValue = value();
  private readonly ownerValue = value();
  private readonly typeValue = value();
  private readonly progress = cell('Progress', 'progress');
  private readonly size = cell('Size', 'number size');
  private readonly creator = cell('Creator', 'creator');
  private readonly owner = cell('Owner', 'owner');
  private readonly type = cell('Type', 'type');
  private readonly age = cell('Age', 'number age');

  /** @param filterBy called with what the values of the row are, by the names of the filters */
  constructor(
    public upload: ListedUpload,
    private readonly filterBy: (values: Readonly<Record<string, string>>) => void,
  ) {
    const check = cell('', 'check');
    check.append(element('label', {}, this.check, this.checkLabel));
    const name = element('th', { role: 'rowheader', scope: 'row', className: 'filename' });
    name.append(this.open);
    const status = cell('Status', 'status');
    status.append(this.status);
    const { progress, size, creator, owner, type, age } = this;
    creator.append(this.creatorValue);
    owner.append(this.ownerValue);
    type.append(this.typeValue);
    this.filterOnClick();
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
    setText(this.creatorValue, creator === null ? 'anonymous' : visible(creator));
    this.creator.classList.toggle('none', creator === null);
    const owner = ownerType === null ? '–' : visible(`${ownerType} ${upload.owner_id ?? ''}`);
    setText(this.ownerValue, owner);
    this.ownerValue.disabled = ownerType === null;
    this.owner.classList.toggle('none', ownerType === null);
    setText(this.typeValue, upload.type);
    for (const each of [this.status, this.creatorValue, this.ownerValue, this.typeValue]) {
      each.title = each.disabled ? '' : `Show only: ${each.textContent ?? ''}`;
    }
    setText(this.age, formatAge(upload.age_seconds));
    this.age.title = formatTime(upload.created_at);
  }

  private filterOnClick(): void {
    const on = (clicked: HTMLButtonElement, values: () => Record<string, string>): void =>
      clicked.addEventListener('click', () => this.filterBy(values()));
    on(this.status, () => ({ status: this.upload.status }));
    on(this.creatorValue, () => {
      const { creator } = this.upload;
      return creator === null ? { creator: '', anonymous: 'true' } : { creator, anonymous: '' };
    });
    on(this.ownerValue, () => ({
      owner_type: this.upload.owner_type ?? '',
      owner_id: this.upload.owner_id ?? '',
    }));
    on(this.typeValue, () => ({ type: this.upload.type }));
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

/** Shown as text; a click filters by it. */
function value(): HTMLButtonElement {
  return element('button', { type: 'button', className: 'value' });
}

/** What is the same already stays: a selection of text, and a screen reader, are not disturbed. */
function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}
