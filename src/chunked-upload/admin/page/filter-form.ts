import type { Offer } from './api.js';
import { byId, element } from './element.js';
import type { ListState } from './list-state.js';

const PATIENCE_MS = 250;

/** The filters above the list. */
export class FilterForm {
  private readonly form = byId('filters', HTMLFormElement);
  private readonly clear = byId('clear-filters', HTMLButtonElement);
  private readonly more = byId('more', HTMLDetailsElement);
  private readonly narrow = matchMedia('(max-width: 44rem)');
  private timer = 0;

  /** @param changed called with all values, empty ones among them, once the reader pauses */
  constructor(
    private readonly changed: (values: Record<string, string>) => void,
    cleared: () => void,
  ) {
    this.form.addEventListener('input', () => this.schedule());
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.tell();
    });
    this.form.addEventListener('reset', () => {
      clearTimeout(this.timer);
      setTimeout(cleared);
    });
  }

  offer({ types, statuses, searches_within: within }: Offer): void {
    byId('search-hint', HTMLElement).textContent = within
      ? 'Part of the filename (3 letters or more), or a whole id'
      : 'First letters of the filename, or a whole id';
    const option = (value: string) => element('option', { value, textContent: value });
    byId('status', HTMLSelectElement).append(...statuses.map(option));
    byId('type', HTMLSelectElement).append(...types.map(option));
    byId('type-field', HTMLElement).hidden = types.length < 2;
    document.body.classList.toggle('one-type', types.length < 2);
  }

  show(state: ListState): void {
    for (const field of this.fields) {
      const value = state.get(field.name);
      if (field instanceof HTMLInputElement && field.type === 'checkbox') {
        field.checked = value === field.value;
      } else if (field.value !== value && field !== document.activeElement) {
        field.value = value;
      }
    }
    this.clear.hidden = !state.isFiltered;
    const inDetails = this.fields.some(
      (field) => this.more.contains(field) && state.get(field.name) !== '',
    );
    if (inDetails && !this.narrow.matches) this.more.open = true;
  }

  focus(): void {
    byId('search', HTMLInputElement).select();
    byId('search', HTMLInputElement).focus();
  }

  private schedule(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), PATIENCE_MS) as unknown as number;
  }

  private tell(): void {
    clearTimeout(this.timer);
    const values = this.fields.map((field) => {
      const unchecked =
        field instanceof HTMLInputElement && field.type === 'checkbox' && !field.checked;
      return [field.name, unchecked ? '' : field.value.trim()] as const;
    });
    this.changed(Object.fromEntries(values));
  }

  private get fields(): (HTMLInputElement | HTMLSelectElement)[] {
    return [...this.form.elements].filter(
      (each) => each instanceof HTMLInputElement || each instanceof HTMLSelectElement,
    );
  }
}
