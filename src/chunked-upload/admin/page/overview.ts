import { type TypeSummary, fetchSummary } from './api.js';
import { byId, element } from './element.js';
import { formatBytes, formatCount } from './format.js';
import type { Notice } from './notice.js';

/** Counts and bytes by type and status; each a way to the list of just those. */
export class Overview {
  private readonly details = byId('overview', HTMLDetailsElement);
  private readonly body = byId('overview-rows', HTMLTableSectionElement);
  private readonly note = byId('overview-note', HTMLElement);

  constructor(
    private readonly filterBy: (values: Readonly<Record<string, string>>) => void,
    private readonly notice: Notice,
  ) {
    this.details.addEventListener('toggle', () => void this.refresh());
  }

  async refresh(): Promise<void> {
    if (!this.details.open) return;
    try {
      this.show(await fetchSummary());
    } catch (error) {
      this.notice.showFailure(error);
    }
  }

  private show(types: readonly TypeSummary[]): void {
    const rows = types.map((each) => this.row(each, each.type));
    // Of one type it would be the same again.
    if (types.length > 1) rows.push(this.row({ type: 'all types', statuses: sumOf(types) }, ''));
    this.body.replaceChildren(...rows);
    const isExact = types.every(({ statuses }) => statuses.every(({ exact }) => exact));
    this.note.hidden = isExact;
  }

  /** @param filter the type of which a click shows the uploads; empty: all */
  private row({ type, statuses }: TypeSummary, filter: string): HTMLTableRowElement {
    const cells = statuses.map(({ status, count, bytes, exact }) => {
      const about = exact ? '' : 'about ';
      const show = element('button', { type: 'button', className: 'value' });
      show.append(`${about}${formatCount(count)}`);
      show.ariaLabel = `${about}${formatCount(count)} ${status} of ${type}: show them`;
      show.addEventListener('click', () => this.filterBy({ type: filter, status }));
      const size = element('small', { textContent: `${about}${formatBytes(bytes)}` });
      const cell = element('td', { className: 'number' }, show, size);
      cell.dataset['label'] = status;
      return cell;
    });
    const head = element('th', { scope: 'row', textContent: type });
    return element('tr', {}, head, ...cells);
  }
}

function sumOf(types: readonly TypeSummary[]): TypeSummary['statuses'] {
  const [first, ...others] = types.map(({ statuses }) => statuses);
  return (first ?? []).map((sum) => {
    const same = others.flatMap((each) => each.filter(({ status }) => status === sum.status));
    return same.reduce(
      (all, { count, bytes, exact }) => ({
        ...all,
        count: all.count + count,
        bytes: all.bytes + bytes,
        exact: all.exact && exact,
      }),
      sum,
    );
  });
}
