import type { SelectedUpload } from './api.js';

const FILTERS = [
  'search',
  'status',
  'type',
  'creator',
  'anonymous',
  'owner_type',
  'owner_id',
  'from',
  'to',
] as const;

/** What the page shows, kept in its address: filters, order, page, and the upload that is open. */
export class ListState {
  private readonly query: URLSearchParams;

  constructor(query: string | URLSearchParams = '') {
    this.query = new URLSearchParams(query);
  }

  get(name: string): string {
    return this.query.get(name) ?? '';
  }

  /** Another one; empty values are left out. */
  with(changes: Readonly<Record<string, string>>): ListState {
    const query = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries(changes)) {
      if (value === '') query.delete(name);
      else query.set(name, value);
    }
    return new ListState(query);
  }

  /** With other filters or another order the list begins anew. */
  from(filters: Readonly<Record<string, string>>): ListState {
    return this.with({ ...filters, after: '', before: '' });
  }

  get isFiltered(): boolean {
    return FILTERS.some((name) => this.get(name) !== '');
  }

  /** Whether it is filtered by more than the type. */
  get isPart(): boolean {
    return FILTERS.some((name) => name !== 'type' && this.get(name) !== '');
  }

  get isFirstPage(): boolean {
    return this.get('after') === '' && this.get('before') === '';
  }

  /** On page one, without what the server has refused, such as a place in another order. */
  without(refused: readonly string[]): ListState {
    return this.from(Object.fromEntries(refused.map((name) => [name, ''])));
  }

  withoutFilters(): ListState {
    return this.from(Object.fromEntries(FILTERS.map((name) => [name, ''])));
  }

  get open(): SelectedUpload | null {
    const open = this.get('open');
    const slash = open.lastIndexOf('/');
    return slash < 0 ? null : { type: open.slice(0, slash), id: open.slice(slash + 1) };
  }

  /** For the endpoints, which know moments where people know days. */
  toRequest(): URLSearchParams {
    const request = new URLSearchParams();
    for (const name of [...FILTERS, 'sort', 'after', 'before']) {
      const value = this.get(name);
      if (value !== '') request.set(name, value);
    }
    const from = startOfDay(this.get('from'), 0);
    const to = startOfDay(this.get('to'), 1);
    if (from) request.set('from', from);
    if (to) request.set('to', to);
    return request;
  }

  toString(): string {
    const query = this.query.toString();
    return query === '' ? location.pathname : `?${query}`;
  }
}

/** Midnight where the reader is, some days later. */
function startOfDay(day: string, daysLater: number): string | null {
  const [year, month, date] = day.split('-').map(Number);
  if (year === undefined || month === undefined || date === undefined) return null;
  const midnight = new Date(year, month - 1, date + daysLater);
  return Number.isNaN(midnight.getTime()) ? null : midnight.toISOString();
}
