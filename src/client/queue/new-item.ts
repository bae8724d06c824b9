import { type ChosenFile } from './chosen-file.js';
import { type QueueItem, type QueueItemError } from './queue-item.js';

let keys = 0;

export function asChosen(file: File | ChosenFile): Required<ChosenFile> {
  if ('file' in file) return { file: file.file, folder: file.folder ?? '' };
  // Of an input with `webkitdirectory`; in Node there is no such thing.
  const path = (file as Partial<File>).webkitRelativePath ?? '';
  return { file, folder: path.slice(0, Math.max(0, path.lastIndexOf('/'))) };
}

/** @param error why it is refused; `null`: it waits for its turn */
export function itemOf({ file, folder = '' }: ChosenFile, error: QueueItemError | null): QueueItem {
  return {
    key: String((keys += 1)),
    file,
    name: file.name,
    folder,
    total: file.size,
    state: error ? 'failed' : 'waiting',
    sent: 0,
    bytesPerSecond: 0,
    secondsLeft: null,
    error,
    nextTryAt: null,
    answer: null,
  };
}
