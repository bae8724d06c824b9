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
    this.body.replaceChildren(...types.map((each) => this.row(each)));
    const isExact = types.every(({ statuses }) => statuses.every(({ exact }) => exact));
    this.note.hidden = isExact;
  }

  private row({ type, statuses }: TypeSummary): HTMLTableRowElement {
    const cells = statuses.map(({ status, count, bytes, exact }) => {
      const about = exact ? '' : 'about ';
      const show = element('button', { type: 'button', className: 'value' });
      show.append(`${about}${formatCount(count)}`);
      show.ariaLabel = `${about}${formatCount(count)} ${status} of ${type}: show them`;
      show.addEventListener('click', () => this.filterBy({ type, status }));
      const size = element('small', { textContent: `${about}${formatBytes(bytes)}` });
      const cell = element('td', { className: 'number' }, show, size);
      cell.dataset['label'] = status;
      return cell;
    });
    const head = element('th', { scope: 'row', textContent: type });
    return element('tr', {}, head, ...cells);
  }
}
