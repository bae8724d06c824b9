import { byId } from './element.js';

/** Where and as whom files are sent. */
export interface Target {
  /** Path of the upload type. */
  readonly endpoint: string;
  /** Empty: anonymous. */
  readonly user: string;
  /** Id of the person that it belongs to; empty: nobody. */
  readonly owner: string;
}

/** The only type that takes owners. */
const WITH_OWNERS = '/uploads/files';
const KEY = 'demo:settings';

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
  }

  get target(): Target {
    const { endpoint, user, owner } = this;
    return {
      endpoint: endpoint.value,
      user: user.value,
      owner: owner.disabled ? '' : owner.value,
    };
  }

  /** Chooses what an earlier upload was sent with. */
  select(endpoint: string, user: string): void {
    this.endpoint.value = endpoint;
    this.user.value = user;
    this.changed();
  }

  private changed(): void {
    this.owner.disabled = this.endpoint.value !== WITH_OWNERS;
    localStorage.setItem(KEY, `${this.endpoint.value} ${this.user.value}`);
  }
}
