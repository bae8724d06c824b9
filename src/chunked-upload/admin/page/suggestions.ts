import { fetchSuggestions } from './api.js';
import { byId, element } from './element.js';

const PATIENCE_MS = 150;

/** Offers values that there are while somebody types a creator or an owner. */
export class Suggestions {
  private asked = 0;
  private timer = 0;

  /** @param context what else the form says: the type, and the kind of owner */
  constructor(
    private readonly field: 'creator' | 'owner_type' | 'owner_id',
    private readonly input: HTMLInputElement,
    private readonly list: HTMLDataListElement,
    private readonly context: () => Record<string, string>,
  ) {
    input.addEventListener('input', () => this.schedule());
    input.addEventListener('focus', () => void this.offer());
  }

  private schedule(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.offer(), PATIENCE_MS) as unknown as number;
  }

  private async offer(): Promise<void> {
    const number = ++this.asked;
    const query = { field: this.field, prefix: this.input.value.trim(), ...this.context() };
    // Without suggestions the field is as good as before.
    const values = await fetchSuggestions(query).catch(() => []);
    if (number !== this.asked) return;
    this.list.replaceChildren(...values.map((value) => element('option', { value })));
  }
}

/** Those of the filters. */
export function suggestForFilters(): void {
  const type = byId('type', HTMLSelectElement);
  const ownerType = byId('owner-type', HTMLInputElement);
  const ofType = (): Record<string, string> => (type.value ? { type: type.value } : {});
  const list = (id: string) => byId(id, HTMLDataListElement);
  new Suggestions('creator', byId('creator', HTMLInputElement), list('creators'), ofType);
  new Suggestions('owner_type', ownerType, list('owner-types'), ofType);
  new Suggestions('owner_id', byId('owner-id', HTMLInputElement), list('owner-ids'), () => ({
    ...ofType(),
    owner_type: ownerType.value.trim(),
  }));
}
