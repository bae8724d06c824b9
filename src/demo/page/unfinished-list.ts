import { type RememberedUpload, UploadMemory, discardUpload } from '../../client/index.js';
import { headersOf } from './account.js';
import { byId, element } from './element.js';
import { formatBytes, percent } from './format.js';

/** The uploads that this browser began in an earlier visit and can go on with. */
export class UnfinishedList {
  private readonly memory = new UploadMemory();
  private readonly section = byId('unfinished', HTMLElement);
  private readonly list = byId('unfinished-list', HTMLUListElement);
  private readonly title = byId('uploads-title', HTMLElement);
  private earlier = this.memory.list();

  /** @param choose asked to let the user choose the file of an upload again */
  constructor(private readonly choose: (upload: RememberedUpload) => void) {
    this.show();
  }

  /** Leaves out what has been gone on with or has ended since the page was opened. */
  update(taken: readonly File[]): void {
    this.earlier = this.earlier.filter((upload) => !taken.some((file) => isOf(file, upload)));
    this.show();
  }

  private show(): void {
    this.section.hidden = this.earlier.length === 0;
    this.list.replaceChildren(...this.earlier.map((upload) => this.row(upload)));
  }

  private row(upload: RememberedUpload): HTMLLIElement {
    const { endpoint, fileName, offset, scope, size } = upload;
    const resume = this.button('Choose file', fileName, () => this.choose(upload));
    const discard = this.button('Discard', fileName, () => void this.discard(upload));
    const place = new URL(endpoint).pathname.split('/').pop() ?? '';
    const sent = `${percent(offset, size)} % of ${formatBytes(size)} sent`;
    return element(
      'li',
      { className: 'upload' },
      element('h3', { textContent: fileName }),
      element('p', { textContent: `${sent} to ${place} as ${scope || 'anonymous'}` }),
      element('div', { className: 'actions' }, resume, discard),
    );
  }

  private button(label: string, fileName: string, action: () => void): HTMLButtonElement {
    const button = element('button', {
      type: 'button',
      textContent: label,
      ariaLabel: `${label} ${fileName}`,
    });
    button.addEventListener('click', action);
    return button;
  }

  private async discard(upload: RememberedUpload): Promise<void> {
    this.earlier = this.earlier.filter((other) => other !== upload);
    this.show();
    this.title.focus();
    // Where this fails, the server's clean-up removes it when it has expired.
    await discardUpload(upload, { headers: headersOf(upload.scope) }).catch(() => undefined);
  }
}

function isOf(file: File, { fileName, lastModified, size }: RememberedUpload): boolean {
  return file.name === fileName && file.size === size && file.lastModified === lastModified;
}
