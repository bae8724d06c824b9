import { type DetailedUpload, change, keyOf } from './api.js';
import { announce, byId, element } from './element.js';
import { suggestIn } from './suggestions.js';

/** Another owner, and another expiry, for one upload. */
export class DetailChanges {
  private readonly box = byId('detail-changes', HTMLDetailsElement);
  private readonly ownerForm = byId('owner-form', HTMLFormElement);
  private readonly ownerType = byId('new-owner-type', HTMLSelectElement);
  private readonly ownerId = byId('new-owner-id', HTMLInputElement);
  private readonly expiryForm = byId('expiry-form', HTMLFormElement);
  private readonly expiry = byId('new-expiry', HTMLInputElement);
  private readonly result = byId('change-result', HTMLElement);
  private upload: DetailedUpload | null = null;

  /** @param changed called once something has been changed */
  constructor(private readonly changed: () => void) {
    this.ownerType.addEventListener('change', () => this.followType());
    this.ownerForm.addEventListener('submit', (event) => {
      event.preventDefault();
      const type = this.ownerType.value;
      const owner = type === '' ? null : { type, id: this.ownerId.value.trim() };
      void this.save({ owner }, 'The owner has been changed.');
    });
    this.expiryForm.addEventListener('submit', (event) => {
      event.preventDefault();
      const { value } = this.expiry;
      const moment = value === '' ? null : new Date(value).toISOString();
      const isPast = moment !== null && Date.parse(moment) <= Date.now();
      const done = isPast
        ? 'Expired: the next clean-up deletes it.'
        : 'The expiry has been changed.';
      void this.save({ expires_at: moment }, done);
    });
    suggestIn(this.ownerId, () => ({
      field: 'owner_id',
      type: this.upload?.type ?? '',
      owner_type: this.ownerType.value,
    }));
  }

  offer(ownerTypes: readonly string[]): void {
    const options = ownerTypes.map((value) => element('option', { value, textContent: value }));
    this.ownerType.append(...options);
  }

  /** What is being typed stays while the same upload is shown. */
  show(upload: DetailedUpload | null): void {
    const isOther = !upload || !this.upload || keyOf(this.upload) !== keyOf(upload);
    this.upload = upload;
    if (!upload) return;
    this.ownerForm.hidden = this.ownerType.options.length < 2 && upload.owner_type === null;
    this.expiryForm.hidden = upload.status !== 'incomplete' && upload.status !== 'expired';
    this.box.hidden = this.ownerForm.hidden && this.expiryForm.hidden;
    if (!isOther) return;
    this.box.open = false;
    this.result.textContent = '';
    this.ownerType.value = upload.owner_type ?? '';
    this.ownerId.value = upload.owner_id ?? '';
    this.expiry.value = upload.expires_at === null ? '' : localTime(upload.expires_at);
    this.followType();
  }

  private followType(): void {
    this.ownerId.disabled = this.ownerType.value === '';
    this.ownerId.required = !this.ownerId.disabled;
    if (this.ownerId.disabled) this.ownerId.value = '';
  }

  private async save(what: Parameters<typeof change>[1], done: string): Promise<void> {
    if (!this.upload) return;
    let sentence = done;
    try {
      const outcome = await change(this.upload, what);
      if (outcome?.ok === false) sentence = `Not changed: ${outcome.detail ?? ''}`;
    } catch (error) {
      sentence = error instanceof Error ? error.message : String(error);
    }
    this.result.textContent = sentence;
    announce(sentence);
    this.changed();
  }
}

/** As `datetime-local` wants it: where the reader is. */
function localTime(iso: string): string {
  const date = new Date(iso);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}
