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
  private readonly endpoint = select('endpoint');
  private readonly user = select('user');
  private readonly owner = select('owner');

  constructor() {
    const [endpoint, user = ''] = (localStorage.getItem(KEY) ?? '').split(' ');
    if (endpoint) {
      this.endpoint.value = endpoint;
      this.user.value = user;
    }
    void this.loadPeople();
  }

  /** @param use told what is chosen, at once and whenever it changes */
  follow(use: (target: Target) => void): void {
    const tell = (): void => {
      this.keep();
      use(this.target);
    };
    document.getElementById('settings')?.addEventListener('change', tell);
    tell();
  }

  private get target(): Target {
    const endpoint = this.endpoint.value;
    const id = endpoint === OWNED ? this.owner.value : '';
    const owner: Target['owner'] = id === '' ? {} : { owner_type: 'person', owner_id: id };
    return { endpoint, user: this.user.value, owner };
  }

  private async loadPeople(): Promise<void> {
    const answer = await fetch('/people').catch(() => null);
    if (!answer?.ok) return;
    const people = (await answer.json()) as { id: number; name: string }[];
    for (const { id, name } of people) this.owner.append(new Option(name, String(id)));
  }

  private keep(): void {
    this.owner.disabled = this.endpoint.value !== OWNED;
    localStorage.setItem(KEY, `${this.endpoint.value} ${this.user.value}`);
  }
}

/** @throws TypeError when index.html has no such choice */
function select(id: string): HTMLSelectElement {
  const found = document.getElementById(id);
  if (found instanceof HTMLSelectElement) return found;
  throw new TypeError(`The page has no choice with the id ${id}`);
}
