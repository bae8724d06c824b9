import { byId } from './element.js';

/** Where and as whom files are sent. */
export interface Target {
  /** Path of the upload type. */
  readonly endpoint: string;
  /** Empty: anonymous. */
  readonly user: string;
}

const KEY = 'demo:settings';

/** The choices at the top of the page; kept over a reload, so that uploads are found again. */
export class Settings {
  private readonly endpoint = byId('endpoint', HTMLSelectElement);
  private readonly user = byId('user', HTMLSelectElement);

  constructor() {
    const [endpoint, user] = (localStorage.getItem(KEY) ?? '').split(' ');
    if (endpoint) this.select(endpoint, user ?? '');
    byId('settings', HTMLFormElement).addEventListener('change', () => this.changed());
    this.changed();
  }

  get target(): Target {
    return { endpoint: this.endpoint.value, user: this.user.value };
  }

  /** Chooses what an earlier upload was sent with. */
  select(endpoint: string, user: string): void {
    this.endpoint.value = endpoint;
    this.user.value = user;
    this.changed();
  }

  private changed(): void {
    localStorage.setItem(KEY, `${this.endpoint.value} ${this.user.value}`);
  }
}
