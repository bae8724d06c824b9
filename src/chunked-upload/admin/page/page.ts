import { actOn, actOnExpired } from './actions.js';
import {
  type Action,
  type ListedUpload,
  type UploadListPage,
  fetchCount,
  fetchList,
  fetchTypes,
  keyOf,
} from './api.js';
import { DetailDialog } from './detail-dialog.js';
import { announce, button, byId } from './element.js';
import { FilterForm } from './filter-form.js';
import { uploadsInWords } from './format.js';
import { ListState } from './list-state.js';
import { Notice } from './notice.js';
import { Shortcuts } from './shortcuts.js';
import { UploadTable } from './upload-table.js';

const REFRESH_MS = 5000;
// Counting costs more than a page of the list.
const COUNT_EVERY = 6;

let state = new ListState(location.search);
let page: UploadListPage = { uploads: [], next: null, previous: null };
let loads = 0;
let rounds = 0;

const live = byId('live', HTMLInputElement);
const empty = byId('empty', HTMLElement);
const notice = new Notice(() => void load({ aloud: true }));
const table = new UploadTable({
  open: (upload) => go(state.with({ open: keyOf(upload) })),
  selectionChanged: () => showSelection(),
  sortBy: (sort) => go(state.from({ sort: sort === '-created' ? '' : sort })),
});
const filters = new FilterForm(
  (values) => go(state.from(values)),
  () => go(state.withoutFilters()),
);
const detail = new DetailDialog({
  abort: (upload) => void run('abort', [upload]),
  delete: (upload) => void run('delete', [upload]),
  closed: () => {
    const { open } = state;
    if (!open) return;
    go(state.with({ open: '' }));
    table.focus(open);
  },
});

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
    if (number === loads) notice.showFailure(error);
  } finally {
    if (number === loads) table.busy = false;
  }
}

function show(aloud: boolean): void {
  const { uploads, next, previous } = page;
  table.show(uploads, state);
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
  byId('count', HTMLElement).textContent = `${about}${uploadsInWords(found)}`;
}

function showSelection(): void {
  const { selection } = table;
  byId('selection', HTMLElement).hidden = selection.length === 0;
  byId('selected', HTMLElement).textContent = `${selection.length} selected`;
  const someExpired = selection.some(({ status }) => status === 'expired');
  button('delete-selected-expired').hidden = !someExpired;
  const someUnfinished = selection.some(
    ({ status }) => status === 'incomplete' || status === 'expired',
  );
  button('abort').hidden = !someUnfinished;
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
  setTimeout(refreshByItself, REFRESH_MS);
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
    run: () => void run('abort', chosen()),
  },
  { keys: ['d', 'Delete'], does: 'delete it', run: () => void run('delete', chosen()) },
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
  button('refresh').addEventListener('click', () => void load({ aloud: true }));
  button('delete-expired').addEventListener('click', () => void runExpired());
  button('abort').addEventListener('click', () => void run('abort', table.selection));
  button('delete').addEventListener('click', () => void run('delete', table.selection));
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
    const { types, statuses } = await fetchTypes();
    filters.offer(types, statuses);
  } catch {
    // The list says the same.
  }
  filters.show(state);
  await load({ aloud: true });
  if (state.open) void detail.show(state.open);
  setTimeout(refreshByItself, REFRESH_MS);
}

void start();
