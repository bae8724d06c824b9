import { byId, element } from './element.js';

/** Where and as whom files are sent. */
export interface Target {
  /** Path of the upload type. */
  readonly endpoint: string;
  /** Empty: anonymous. */
  readonly user: string;
  /** Fields that say which person the file belongs to; none for nobody. */
  readonly owner: Readonly<Record<string, string>>;
}

const KEY = 'demo:settings';
// The only upload type that takes owners.
const OWNED = '/uploads/files';

/** The choices at the top of the page; kept over a reload, so that uploads are found again. */
export class Settings {
  private readonly endpoint = byId('endpoint', HTMLSelectElement);
  private readonly user = byId('user', HTMLSelectElement);
  private readonly owner = byId('owner', HTMLSelectElement);

  constructor() {
    const [endpoint, user] = (localStorage.getItem(KEY) ?? '').split(' ');
    if (endpoint) this.select(endpoint, user ?? '');
    byId('settings', HTMLFormElement).addEventListener('change', () => this.changed());
    this.changed();
    void this.loadPeople();
  }

  get target(): Target {
    const endpoint = this.endpoint.value;
    const id = endpoint === OWNED ? this.owner.value : '';
    const owner: Target['owner'] = id === '' ? {} : { owner_type: 'person', owner_id: id };
    return { endpoint, user: this.user.value, owner };
  }

  /** Chooses what an earlier upload was sent with. */
  select(endpoint: string, user: string): void {
    this.endpoint.value = endpoint;
    this.user.value = user;
    this.changed();
  }

  private async loadPeople(): Promise<void> {
    const answer = await fetch('/people').catch(() => null);
    if (!answer?.ok) return;
    const people = (await answer.json()) as { id: number; name: string }[];
    for (const { id, name } of people) {
      this.owner.append(element('option', { value: String(id), textContent: name }));
    }
  }

  private changed(): void {
    this.owner.disabled = this.endpoint.value !== OWNED;
    localStorage.setItem(KEY, `${this.endpoint.value} ${this.user.value}`);
  }
}
