import { type UploadQueueOptions } from '../queue/index.js';
import { type HeaderSource } from '../request-headers.js';
import { isRepresentation } from '../representation.js';
import { type RememberedUpload } from '../upload-memory.js';
import { type Fields, isSameOwner, ownerIn } from '../upload-owner.js';
import { Announcements } from './announcements.js';
import { type ChosenFile } from './chosen-files.js';
import { DropTarget } from './drop-target.js';
import { type Entry, type EntryState } from './entry.js';
import { tell } from './events.js';
import { FileRules, limitsOf } from './file-rules.js';
import { reasonsIn } from './reasons.js';
import { download, isSameSource, type ServerAccess } from './server-list.js';
import { ATTRIBUTES, Settings } from './settings.js';
import { type FieldsFor } from './target-queues.js';
import { type Texts } from './texts.js';
import { Thumbnails } from './thumbnails.js';
import { UNDO_TIME } from './undoing.js';
import { upgradeProperties } from './upgrade-properties.js';
import { isOf } from './unfinished-files.js';
import { completeIds, Uploads } from './uploads.js';
import { View } from './view.js';
import { Wording } from './wording.js';

/** Where there is no page, as on a server that renders one, there is nothing to extend. */
const Base: typeof HTMLElement =
  typeof HTMLElement === 'undefined' ? (class {} as typeof HTMLElement) : HTMLElement;

/**
 * `<chunked-upload endpoint="/uploads">`: a place to choose and drop files, and the list of what
 * becomes of them. See the README beside this file.
 */
export class ChunkedUploadElement extends Base {
  static readonly observedAttributes: readonly string[] = ATTRIBUTES;

  private readonly settings = new Settings(this);
  private readonly thumbnails = new Thumbnails();
  private readonly states = new Map<string, EntryState>();
  private readonly all = new Uploads({
    isHeld: (key) => this.view?.list.isHeld(key) ?? false,
    changed: () => this.schedule(),
    cancelled: (entries) => this.announceCancelled(entries),
    undone: (entries) => this.announcements?.undone(entries.map(({ name }) => name)),
    forgotten: (entries) => this.forget(entries),
    chooseInstead: (entry) => this.replace(entry),
    download: (entry) => void this.download(entry),
  });
  private words = new Wording();
  private view: View | null = null;
  private announcements: Announcements | null = null;
  private dropTarget: DropTarget | null = null;
  private leaving = new AbortController();
  private ownHeaders: HeaderSource = {};
  private headersWhenSet: HeaderSource = {};
  private ownFields: Fields = {};
  private ownFieldsFor: FieldsFor | null = null;
  private ownTexts: Partial<Texts> = {};
  private drawing = false;
  private loading = false;
  private countdown: ReturnType<typeof setTimeout> | undefined;

  /** Sent with every request, such as `Authorization`: an object, or a function called for each request. */
  get headers(): HeaderSource {
    return this.ownHeaders;
  }

  set headers(headers: HeaderSource | null | undefined) {
    const given = headers ?? {};
    if (isSameSource(given, this.headersWhenSet)) return;
    this.ownHeaders = given;
    this.headersWhenSet = typeof given === 'function' ? given : { ...given };
    this.reload();
  }

  /** Form fields sent with the first request of each file, such as `owner_type` and `owner_id`. */
  get fields(): Fields {
    return this.ownFields;
  }

  set fields(fields: Fields | null | undefined) {
    const before = ownerIn(this.ownFields);
    this.ownFields = fields ?? {};
    if (!isSameOwner(before, ownerIn(this.ownFields))) this.reload();
  }

  /** Returns further fields for each file that is added. */
  get fieldsFor(): FieldsFor | null {
    return this.ownFieldsFor;
  }

  set fieldsFor(fieldsFor: FieldsFor | null | undefined) {
    this.ownFieldsFor = fieldsFor ?? null;
  }

  /** Your own wording, or a translation. What is left out stays English. */
  get texts(): Partial<Texts> {
    return this.ownTexts;
  }

  set texts(texts: Partial<Texts> | null | undefined) {
    this.ownTexts = texts ?? {};
    if (this.view) this.build();
  }

  /** The files of this visit and their states; a new array after every change. */
  get uploads(): readonly Entry[] {
    return this.all.entries;
  }

  /** Uploads files that the page got in another way. */
  add(files: Iterable<File>): void {
    this.take(Array.from(files, (file) => ({ file, folder: '' })));
  }

  connectedCallback(): void {
    upgradeProperties(this, 'headers', 'fields', 'fieldsFor', 'texts');
    this.leaving = new AbortController();
    this.build();
    const { signal } = this.leaving;
    const connection = (): void => this.view?.showConnection();
    addEventListener('online', connection, { signal });
    addEventListener('offline', connection, { signal });
    this.dropTarget = new DropTarget(
      this,
      () => this.settings.endpoint !== null,
      (isOver) => this.view?.drop.showDragging(isOver),
      (files) => this.take(files),
    );
  }

  disconnectedCallback(): void {
    this.leaving.abort();
    this.dropTarget?.stop();
    this.all.settle();
    this.view?.stop();
    this.view = null;
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now || !this.view) return;
    if (name === 'lang') this.build();
    else this.reload();
  }

  /** Anew, in other words; what is being sent goes on. */
  private build(): void {
    this.view?.stop();
    const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    this.words = new Wording(this.ownTexts, this.settings.language);
    this.view = new View(root, this.words, this.thumbnails, {
      add: (files) => this.take(files),
      chooseFor: (upload) => this.chooseFor(upload),
      act: (entry, action) => this.all.act(entry, action),
      actOnAll: (action) => this.all.actOnAll(action),
    });
    this.announcements = new Announcements(this.words, this.view.announcer);
    this.states.clear();
    for (const { key, state } of this.uploads) this.states.set(key, state);
    this.reload();
    this.draw();
  }

  /** Asks again what there is on the server, once for all that changes in one go. */
  private reload(): void {
    if (this.loading || !this.view) return;
    this.loading = true;
    queueMicrotask(() => {
      this.loading = false;
      const { settings, view, words } = this;
      if (!view) return;
      const { accept, endpoint, maxFiles, scope, showsStored } = settings;
      const access = this.access();
      view.drop.update({ accept, multiple: maxFiles !== 1 }, limitsOf(settings, words));
      view.unfinished.load(endpoint, { scope, owner: ownerIn(this.ownFields) }, access ?? {});
      view.unfinished.take(this.uploads.map(({ file }) => file));
      void view.stored.load(showsStored ? access : null);
    });
  }

  private access(): ServerAccess | null {
    const { credentials, endpoint } = this.settings;
    return endpoint === null ? null : { endpoint, headers: this.ownHeaders, credentials };
  }

  private optionsFor(access: ServerAccess): UploadQueueOptions {
    const { atOnce, checksum, chunkSize, scope } = this.settings;
    return {
      ...access,
      atOnce,
      scope,
      texts: reasonsIn(this.words),
      fields: this.ownFields,
      ...(checksum === undefined ? {} : { checksum }),
      ...(chunkSize === undefined ? {} : { chunkSize }),
    };
  }

  private take(chosen: readonly ChosenFile[]): void {
    const access = this.access();
    if (!access) return;
    const rules = new FileRules(this.settings, this.words, this.uploads);
    const checked = chosen.map((each) => ({ ...each, refusal: rules.refusalOf(each) }));
    this.all.add(checked, access, this.optionsFor(access), this.ownFieldsFor);
    const files = chosen.filter(({ isUnreadable }) => !isUnreadable).map(({ file }) => file);
    this.view?.unfinished.take(files);
    this.announcements?.added(checked.filter(({ refusal }) => !refusal).length);
    if (files.length > 0) tell(this, 'upload-added', { files });
    this.draw();
  }

  private chooseFor(upload: RememberedUpload): void {
    this.view?.drop.ask((chosen) => {
      const [first] = chosen;
      if (!first) return;
      if (chosen.some(({ file }) => isOf(file, upload))) this.take(chosen);
      else this.view?.unfinished.complain(upload, first.file);
    });
  }

  private replace(entry: Entry): void {
    const { folder } = entry;
    this.view?.drop.ask((chosen) => {
      this.all.forget([entry]);
      this.take(chosen.map(({ file }) => ({ file, folder })));
    });
  }

  private async download(entry: Entry): Promise<void> {
    const access = this.all.targetOf(entry);
    const { answer } = entry;
    if (!access || !isRepresentation(answer)) return;
    if (!tell(this, 'upload-download', { upload: answer }, true)) return;
    this.all.complain(entry, '');
    await download(access, answer).catch(() => {
      this.all.complain(entry, this.words.say('downloadFailed'));
      this.announcements?.downloadFailed();
    });
  }

  /** What is complete stands among the stored files from now on, where it has somebody. */
  private forget(entries: readonly Entry[]): void {
    for (const { key } of entries) this.states.delete(key);
    const stored = entries
      .filter((entry) => this.isHere(this.all.targetOf(entry)))
      .map(({ answer }) => answer)
      .filter((answer) => isRepresentation(answer))
      .filter(({ creator }) => creator !== null);
    this.view?.stored.add(stored);
    this.view?.stored.leaveOut(completeIds(this.uploads));
  }

  /** Whether that is where and as whom files are sent now. */
  private isHere(target: ServerAccess | null): boolean {
    return target?.endpoint === this.settings.endpoint && target?.headers === this.ownHeaders;
  }

  private announceCancelled(entries: readonly Entry[]): void {
    const names = entries.map(({ name }) => name);
    this.announcements?.cancelled(names, this.words.time(UNDO_TIME / 1000));
  }

  /** A page that is not looked at has no frames, but what happens is told there, too. */
  private schedule(): void {
    if (this.drawing) return;
    this.drawing = true;
    const draw = (): void => {
      if (!this.drawing) return;
      this.drawing = false;
      this.draw();
    };
    requestAnimationFrame(draw);
    setTimeout(draw, 250);
  }

  private draw(): void {
    const { uploads, view } = this;
    const changed = uploads.filter(({ key, state }) => this.states.get(key) !== state);
    for (const entry of changed) this.enter(entry);
    this.announcements?.changed(changed, uploads);
    view?.list.update(uploads);
    view?.showEmpty(uploads.length === 0);
    if (changed.length > 0) view?.stored.leaveOut(completeIds(uploads));
    // A countdown goes on while nothing else happens.
    if (uploads.some(({ nextTryAt }) => nextTryAt !== null)) this.drawLater();
  }

  private drawLater(): void {
    if (this.countdown !== undefined) return;
    this.countdown = setTimeout(() => {
      this.countdown = undefined;
      if (this.view) this.schedule();
    }, 500);
  }

  private enter({ answer, error, file, key, state }: Entry): void {
    this.states.set(key, state);
    if (state === 'complete') tell(this, 'upload-complete', { file, answer });
    if (state === 'failed') tell(this, 'upload-failed', { file, error });
  }
}
