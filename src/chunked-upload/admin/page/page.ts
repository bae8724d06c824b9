import { actOn, actOnExpired } from './actions.js';
import {
  type Action,
  ApiError,
  type ListedUpload,
  type UploadListPage,
  fetchCount,
  fetchList,
  fetchTypes,
  keyOf,
} from './api.js';
import { DetailChanges } from './detail-changes.js';
import { DetailDialog } from './detail-dialog.js';
import { announce, button, byId } from './element.js';
import { FilterForm } from './filter-form.js';
import { uploadsInWords } from './format.js';
import { ListState } from './list-state.js';
import { actOnAllMatching, stopMatching } from './matching-actions.js';
import { Notice } from './notice.js';
import { Overview } from './overview.js';
import { Shortcuts } from './shortcuts.js';
import { suggestInFilters } from './suggestions.js';
import { UploadTable } from './upload-table.js';

const REFRESH_MS = 5000;
// While bytes come: a long chunk is committed on its way, and its progress with it.
const REFRESH_WRITING_MS = 2000;
// Counting costs more than a page of the list.
const COUNT_EVERY = 6;

let state = new ListState(location.search);
let page: UploadListPage = { uploads: [], next: null, previous: null };
let loads = 0;
let rounds = 0;
/** Whether all that match are selected, and not those of this page alone. */
let isAllMatching = false;
/** What the list says of how many there are. */
let countInWords = '';

const live = byId('live', HTMLInputElement);
const empty = byId('empty', HTMLElement);
const notice = new Notice(() => void load({ aloud: true }), stopMatching);
const table = new UploadTable({
  open: (upload) => go(state.with({ open: keyOf(upload) })),
  selectionChanged: () => showSelection(),
  filterBy: (values) => go(state.from(values)),
  sortBy: (sort) => go(state.from({ sort: sort === '-created' ? '' : sort })),
});
const filters = new FilterForm(
  (values) => go(state.from(values)),
  () => go(state.withoutFilters()),
);
const overview = new Overview((values) => go(state.withoutFilters().from(values)), notice);
const changes = new DetailChanges(() => {
  void load({ aloud: false });
  if (state.open) void detail.show(state.open);
});
const detail = new DetailDialog(
  {
    abort: (upload) => void run('abort', [upload]),
    delete: (upload) => void run('delete', [upload]),
    closed: () => {
      const { open } = state;
      if (!open) return;
      go(state.with({ open: '' }));
      table.focus(open);
    },
  },
  changes,
);

/** Shows another state, and keeps it in the history. */
function go(next: ListState): void {
  if (String(next) === String(state)) return;
  history.pushState(null, '', String(next));
  follow(next);
}

/** Loads only what is another one: opening an upload leaves the list as it is. */
function follow(next: ListState): void {
  const before = state;
  state = next;
  filters.show(state);
  void detail.show(state.open);
  if (String(before.toRequest()) === String(state.toRequest())) return;
  table.selectAll(false);
  void load({ aloud: true });
}

/** @param aloud whether a screen reader is told: not what happens by itself every few seconds */
async function load({ aloud }: { readonly aloud: boolean }): Promise<void> {
  const number = ++loads;
  const asked = state;
  if (aloud) table.busy = true;
  try {
    const loaded = await fetchList(asked.toRequest());
    // Meanwhile another one was asked for: this one is of yesterday.
    if (number !== loads) return;
    notice.showFailure(null);
    // What stood on this page has been deleted: there is nothing behind it any more.
    if (loaded.uploads.length === 0 && !asked.isFirstPage) return go(asked.from({}));
    page = loaded;
    show(aloud);
    if (aloud || rounds % COUNT_EVERY === 0) await count(asked);
  } catch (error) {
    if (number === loads && !leaveOldLink(error)) notice.showFailure(error);
  } finally {
    if (number === loads) table.busy = false;
  }
}

/** A link of another time, such as to a place in a list that is sorted otherwise now: to page one. */
function leaveOldLink(error: unknown): boolean {
  if (!(error instanceof ApiError) || error.fields.length === 0) return false;
  const next = state.without(error.fields);
  if (String(next) === String(state)) return false;
  // Not a step of its own: back would lead to it again.
  history.replaceState(null, '', String(next));
  follow(next);
  notice.say('This link is out of date. You are on the first page.');
  return true;
}

function show(aloud: boolean): void {
  const { uploads, next, previous } = page;
  const wasAllMatching = isAllMatching;
  table.show(uploads, state);
  // What has come since is on the page, and one of all.
  if (wasAllMatching) {
    isAllMatching = true;
    table.selectAll(true);
  }
  empty.hidden = uploads.length > 0;
  empty.textContent = state.isFiltered
    ? 'No upload matches these filters.'
    : 'No uploads yet. They appear here as soon as somebody begins one.';
  byId('pages', HTMLElement).hidden = next === null && previous === null;
  button('first').disabled = state.isFirstPage;
  button('previous').disabled = previous === null;
  button('next').disabled = next === null;
  if (aloud)
    announce(
      uploads.length > 0 ? `${uploadsInWords(uploads.length)} shown` : (empty.textContent ?? ''),
    );
}

async function count(asked: ListState): Promise<void> {
  const { count: found, exact } = await fetchCount(asked.toRequest());
  if (String(asked.toRequest()) !== String(state.toRequest())) return;
  // Without a filter it is the database's estimate, with one it counts up to a limit.
  const about = exact ? '' : asked.isPart ? 'more than ' : 'about ';
  countInWords = `${about}${uploadsInWords(found)}`;
  byId('count', HTMLElement).textContent = countInWords;
}

function showSelection(): void {
  const { selection, isAllSelected } = table;
  // Whatever is taken out of it, it is a selection of this page again.
  isAllMatching &&= isAllSelected;
  const hasOtherPages = page.next !== null || page.previous !== null;
  byId('selection', HTMLElement).hidden = selection.length === 0;
  byId('selected', HTMLElement).textContent = isAllMatching
    ? `All ${countInWords} selected`
    : `${selection.length} selected`;
  button('select-matching').hidden = !isAllSelected || !hasOtherPages || isAllMatching;
  const someExpired = selection.some(({ status }) => status === 'expired');
  button('delete-selected-expired').hidden = !someExpired || isAllMatching;
  const someUnfinished = selection.some(
    ({ status }) => status === 'incomplete' || status === 'expired',
  );
  button('abort').hidden = !someUnfinished && !isAllMatching;
}

function selectMatching(): void {
  isAllMatching = true;
  showSelection();
  announce(byId('selected', HTMLElement).textContent ?? '');
  // The button that was pressed is gone.
  button('delete').focus();
}

/** With what is selected: on this page, or on all. */
async function runSelected(action: 'abort' | 'delete'): Promise<void> {
  if (!isAllMatching) return run(action, chosen());
  if (!(await actOnAllMatching(action, state.toRequest(), notice))) return;
  table.selectAll(false);
  await load({ aloud: true });
  await overview.refresh();
}

async function run(action: Action, uploads: readonly ListedUpload[]): Promise<void> {
  if (!(await actOn(action, uploads, notice))) return;
  if (action !== 'abort' && state.open) go(state.with({ open: '' }));
  table.selectAll(false);
  await Promise.all([load({ aloud: false }), detail.show(state.open), count(state)]);
  // The button that was pressed is gone, and so may be the row.
  if (document.activeElement === document.body) table.focus(null);
}

async function runExpired(): Promise<void> {
  if (await actOnExpired(state.get('type'), notice)) await load({ aloud: true });
}

/** The selection, or without one the row that has the focus. */
function chosen(): ListedUpload[] {
  const { selection, focused } = table;
  if (selection.length > 0) return selection;
  return focused ? [focused] : [];
}

function goToPage(place: 'next' | 'previous'): void {
  const cursor = page[place];
  if (cursor === null) return;
  const after = place === 'next' ? cursor : '';
  go(state.with({ after, before: after ? '' : cursor }));
  scrollTo({ top: 0 });
}

function refreshByItself(): void {
  if (live.checked && !document.hidden) {
    rounds += 1;
    void load({ aloud: false });
    if (state.open) void detail.show(detail.current ?? state.open);
  }
  const isWriting = page.uploads.some(({ writing }) => writing);
  setTimeout(refreshByItself, isWriting ? REFRESH_WRITING_MS : REFRESH_MS);
}

const shortcuts = new Shortcuts([
  { keys: ['j', 'ArrowDown'], does: 'next upload', run: () => table.move(1) },
  { keys: ['k', 'ArrowUp'], does: 'previous upload', run: () => table.move(-1) },
  { keys: ['x'], does: 'select the upload, or not', run: () => table.toggleFocused() },
  { keys: ['*'], does: 'select all of this page', run: () => table.selectAll(true) },
  { keys: ['Escape'], does: 'clear the selection', run: () => table.selectAll(false) },
  { keys: ['Enter'], does: 'open it: everything about it', run: () => openFocused() },
  {
    keys: ['a'],
    does: 'abort what is selected, or the upload',
    run: () => void runSelected('abort'),
  },
  { keys: ['d', 'Delete'], does: 'delete it', run: () => void runSelected('delete') },
  { keys: ['e'], does: 'delete all that has expired', run: () => void runExpired() },
  { keys: ['/'], does: 'search', run: () => filters.focus() },
  { keys: ['c'], does: 'clear the filters', run: () => go(state.withoutFilters()) },
  { keys: ['n'], does: 'next page', run: () => goToPage('next') },
  { keys: ['p'], does: 'previous page', run: () => goToPage('previous') },
  { keys: ['r'], does: 'refresh', run: () => void load({ aloud: true }) },
  { keys: ['l'], does: 'refresh by itself, or not', run: () => live.click() },
  { keys: ['?'], does: 'this list', run: () => shortcuts.showHelp() },
]);

function openFocused(): void {
  const { activeElement } = document;
  // A button that has the focus is pressed, as ever.
  if (activeElement instanceof HTMLButtonElement || activeElement instanceof HTMLInputElement) {
    activeElement.click();
  } else if (table.focused) {
    go(state.with({ open: keyOf(table.focused) }));
  }
}

async function start(): Promise<void> {
  button('refresh').addEventListener('click', () => {
    void load({ aloud: true });
    void overview.refresh();
  });
  button('delete-expired').addEventListener('click', () => void runExpired());
  button('abort').addEventListener('click', () => void runSelected('abort'));
  button('delete').addEventListener('click', () => void runSelected('delete'));
  button('select-matching').addEventListener('click', selectMatching);
  button('delete-selected-expired').addEventListener(
    'click',
    () => void run('delete-expired', table.selection),
  );
  button('unselect').addEventListener('click', () => table.selectAll(false));
  button('first').addEventListener('click', () => go(state.from({})));
  button('previous').addEventListener('click', () => goToPage('previous'));
  button('next').addEventListener('click', () => goToPage('next'));
  addEventListener('popstate', () => follow(new ListState(location.search)));
  try {
    const offer = await fetchTypes();
    filters.offer(offer);
    changes.offer(offer.owner_types);
    suggestInFilters();
  } catch {
    // The list says the same.
  }
  filters.show(state);
  await load({ aloud: true });
  if (state.open) void detail.show(state.open);
  setTimeout(refreshByItself, REFRESH_MS);
}

void start();
