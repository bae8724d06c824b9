import { type ConnectOptions } from '../connect.js';
import { discardUpload } from '../discard-upload.js';
import { Endpoint } from '../endpoint.js';
import { mismatchOf } from '../queue/file-rules.js';
import { type RememberedUpload, UploadMemory } from '../upload-memory.js';
import { type UploadOwner, isSameOwner } from '../upload-owner.js';
import { element, setHidden, setText } from './dom.js';
import { SmallRow } from './small-row.js';
import { type Wording } from './wording.js';

/** Rows at most: who has left more than this unfinished finds the rest when these are gone. */
const MOST = 50;

/** The uploads that this browser began in an earlier visit, and can go on with. */
export class UnfinishedFiles {
  readonly node: HTMLElement;
  private readonly title = element('h2', { part: 'title', className: 'title', tabIndex: -1 });
  private readonly list = element('ul', { id: 'unfinished-list', className: 'still' });
  private readonly memory = new UploadMemory();
  private uploads: readonly RememberedUpload[] = [];
  private options: ConnectOptions = {};

  /**
   * @param choose asked to let the user choose the file of an upload again
   * @param gone told when a row is gone, so that the focus has to go elsewhere
   */
  constructor(
    private readonly words: Wording,
    private readonly choose: (upload: RememberedUpload) => void,
    private readonly gone: () => void,
  ) {
    this.title.id = 'unfinished-title';
    const hint = element('p', { className: 'status' });
    const head = element('div', { className: 'words' }, this.title, hint);
    this.node = element(
      'section',
      { id: 'unfinished', part: 'unfinished panel', className: 'panel', hidden: true },
      element('div', { className: 'overview' }, head),
      this.list,
    );
    this.node.setAttribute('aria-labelledby', this.title.id);
    setText(this.title, words.say('unfinished'));
    setText(hint, words.say('unfinishedHint'));
  }

  /** Those that go to this address, of this caller, for this owner. */
  load(
    endpoint: string | URL | null,
    { scope, owner }: { readonly scope: string; readonly owner: UploadOwner | null },
    options: ConnectOptions,
  ): void {
    this.options = options;
    const address = endpoint === null ? null : new Endpoint(endpoint).toString();
    this.uploads = this.memory
      .list()
      .filter((upload) => upload.endpoint === address && upload.scope === scope)
      .filter((upload) => isSameOwner(upload.owner ?? null, owner));
    this.show();
  }

  /** Leaves out what is gone on with. */
  take(files: readonly File[]): void {
    const left = this.uploads.filter((upload) => !files.some((file) => isOf(file, upload)));
    if (left.length === this.uploads.length) return;
    this.uploads = left;
    this.show();
  }

  /** Says in its row that another file was chosen. */
  complain(upload: RememberedUpload, chosen: File): void {
    const place = this.uploads.indexOf(upload);
    const row = this.list.children[place];
    const complaint = row?.querySelector<HTMLElement>('.error');
    if (!complaint) return;
    const { fileName } = upload;
    setText(complaint, this.words.say('wrongFile', { chosen: chosen.name, name: fileName }));
    setHidden(complaint, false);
  }

  private show(): void {
    setHidden(this.node, this.uploads.length === 0);
    this.list.replaceChildren(...this.uploads.slice(0, MOST).map((upload) => this.row(upload)));
  }

  private row(upload: RememberedUpload): HTMLLIElement {
    const { words } = this;
    const { fileName, offset, size, type } = upload;
    const row = new SmallRow(words, fileName, type);
    row.say(words.say('sentOf', { percent: words.percent(offset, size), size: words.size(size) }));
    row.offer([
      {
        action: 'choose',
        text: 'chooseAgain',
        icon: 'file',
        loud: true,
        press: () => this.choose(upload),
      },
      { action: 'discard', text: 'discard', icon: 'close', press: () => void this.discard(upload) },
    ]);
    return row.item;
  }

  private async discard(upload: RememberedUpload): Promise<void> {
    this.uploads = this.uploads.filter((other) => other !== upload);
    this.show();
    if (this.uploads.length > 0) this.title.focus();
    else this.gone();
    // Where this fails, the server's clean-up removes it when it has expired.
    await discardUpload(upload, this.options, this.memory).catch(() => undefined);
  }
}

export function isOf(file: File, upload: RememberedUpload): boolean {
  return mismatchOf(file, upload) === null;
}
