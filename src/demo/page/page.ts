import { byId } from './element.js';
import { Settings } from './settings.js';
import { UnfinishedList } from './unfinished-list.js';
import { UploadQueue } from './upload-queue.js';
import { UploadRow } from './upload-row.js';

const settings = new Settings();
const queue = new UploadQueue(3);
const input = byId('files', HTMLInputElement);
const list = byId('uploads', HTMLUListElement);
const hint = byId('empty', HTMLElement);

const unfinished = new UnfinishedList(({ endpoint, scope }) => {
  settings.select(new URL(endpoint).pathname, scope);
  input.click();
});

function add(files: readonly File[]): void {
  for (const file of files) {
    list.append(new UploadRow(file, settings.target, queue, showHint).item);
  }
  unfinished.update(files);
  showHint();
}

function showHint(): void {
  hint.hidden = list.childElementCount > 0;
}

input.addEventListener('change', () => {
  add([...(input.files ?? [])]);
  input.value = ''; // So that the same file can be chosen again.
});

// Files are taken wherever they are dropped: elsewhere the browser would leave the page for them.
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  document.body.classList.add('dragging');
});
document.addEventListener('dragleave', (event) => {
  if (event.relatedTarget === null) document.body.classList.remove('dragging');
});
document.addEventListener('drop', (event) => {
  event.preventDefault();
  document.body.classList.remove('dragging');
  add([...(event.dataTransfer?.files ?? [])]);
});
