import { type ChosenFile } from './chosen-files.js';
import { type Entry, type EntryError } from './entry.js';

let refused = 0;

/** A file that is in the list only to say why it is not sent. */
export function newRefused({ file, folder }: ChosenFile, error: EntryError): Entry {
  return {
    key: `refused-${(refused += 1)}`,
    file,
    name: file.name,
    folder,
    state: 'failed',
    sent: 0,
    bytesPerSecond: 0,
    secondsLeft: null,
    error,
    nextTryAt: null,
    answer: null,
  };
}
