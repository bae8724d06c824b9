import { type RememberedUpload } from '../upload-memory.js';
import { Announcer } from './announcer.js';
import { type ChosenFile } from './chosen-files.js';
import { element, setHidden } from './dom.js';
import { DropPlace } from './drop-place.js';
import { icon } from './icons.js';
import { StoredFiles } from './stored-files.js';
import { styleSheet } from './styles.js';
import { type Thumbnails } from './thumbnails.js';
import { UnfinishedFiles } from './unfinished-files.js';
import { UploadList, type UploadListActions } from './upload-list.js';
import { type Wording } from './wording.js';

export interface ViewActions extends UploadListActions {
  add(files: readonly ChosenFile[]): void;
  chooseFor(upload: RememberedUpload): void;
}

/** All that is seen of the element, in the words of one language. */
export class View {
  readonly drop: DropPlace;
  readonly list: UploadList;
  readonly stored: StoredFiles;
  readonly unfinished: UnfinishedFiles;
  readonly announcer: Announcer;
  private readonly offline: HTMLElement;
  private readonly all: HTMLElement;

  constructor(
    root: ShadowRoot,
    readonly words: Wording,
    thumbnails: Thumbnails,
    actions: ViewActions,
  ) {
    this.drop = new DropPlace(words, (files) => actions.add(files));
    this.list = new UploadList(words, thumbnails, actions);
    this.stored = new StoredFiles(words);
    this.unfinished = new UnfinishedFiles(
      words,
      (upload) => actions.chooseFor(upload),
      () => this.drop.focus(),
    );
    this.offline = element('p', { part: 'notice', className: 'notice', hidden: true });
    this.offline.append(icon('offline'), element('span', { textContent: words.say('offline') }));
    const region = element('div', { className: 'unseen', role: 'status' });
    this.announcer = new Announcer(region);
    this.all = element(
      'div',
      { className: 'all empty' },
      this.drop.node,
      this.offline,
      this.list.node,
      this.unfinished.node,
      this.stored.node,
      region,
      this.drop.overlay,
    );
    root.adoptedStyleSheets = [styleSheet()];
    root.replaceChildren(this.all);
    this.showConnection();
  }

  /** The place to drop files is large while there is nothing else. */
  showEmpty(isEmpty: boolean): void {
    this.all.classList.toggle('empty', isEmpty);
  }

  showConnection(): void {
    setHidden(this.offline, navigator.onLine);
  }

  stop(): void {
    this.announcer.stop();
    this.stored.stop();
    this.drop.showDragging(false);
  }
}
