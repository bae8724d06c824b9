/** A sentence, or one for each plural form that the language has (`Intl.PluralRules`). */
export type Text =
  string | Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>;

/** All that the element says. `{name}`, `{count}` and the like stand for what differs. */
export const ENGLISH = {
  // The place to drop files
  chooseFiles: 'Choose files',
  chooseFolder: 'Choose a folder',
  dropHint: 'or drop them anywhere on this page, or paste them',
  dropHere: 'Drop to upload',
  dropHereHint: 'Let go anywhere on this page. Folders are fine, too.',
  // The panel
  uploads: 'Uploads',
  sending: { one: 'Uploading {count} file', other: 'Uploading {count} files' },
  allDone: { one: '{count} file uploaded', other: '{count} files uploaded' },
  allPaused: 'Paused',
  allWaiting: 'Waiting for the connection',
  someFailed: { one: '{count} file was not uploaded', other: '{count} files were not uploaded' },
  doneOf: '{done} of {total} done',
  overall: 'All files',
  pauseAll: 'Pause all',
  resumeAll: 'Resume all',
  cancelAll: 'Cancel all',
  retryAll: 'Try all again',
  undoAll: 'Undo all',
  hideDone: 'Clear finished',
  showAll: 'All',
  showFailed: 'Not uploaded',
  offline: 'You are offline. Uploads resume automatically when the connection is back.',
  // A row
  waiting: 'Waiting for its turn',
  sendingFile: 'Uploading',
  retrying: 'Connection lost. Trying again',
  retryingIn: 'Connection lost. Next try in {time}',
  paused: 'Paused',
  completing: 'Checking',
  complete: 'Uploaded',
  failed: 'Not uploaded',
  cancelled: 'Cancelled',
  partOf: '{part} of {whole}',
  perSecond: '{size}/s',
  left: '{time} left',
  pause: 'Pause',
  resume: 'Resume',
  cancel: 'Cancel',
  retry: 'Try again',
  tryNow: 'Try now',
  chooseAgain: 'Choose file',
  remove: 'Remove',
  hide: 'Hide',
  undo: 'Undo',
  download: 'Download',
  downloadFailed: 'The download failed. Try it again.',
  // What an earlier visit began
  unfinished: 'Unfinished',
  unfinishedHint: 'Choose the same file again to continue where it stopped.',
  sentOf: '{percent} of {size} sent',
  discard: 'Discard',
  wrongFile: 'This is not the same file: “{chosen}” differs from “{name}” in name, size or date.',
  // What is on the server
  stored: 'Stored files',
  storedCount: { one: '{count} file', other: '{count} files' },
  delete: 'Delete',
  deleted: 'Deleted',
  deleteFailed: 'It could not be deleted: {reason}',
  storedFailed: 'The stored files cannot be shown: {reason}',
  // Why a file is not sent
  refusedDuplicate: 'This file is already in the list.',
  refusedType: 'This type of file is not allowed. Allowed: {accept}.',
  refusedTooLarge: 'The file is too large. The limit is {size}.',
  refusedTooSmall: 'The file is too small. The minimum is {size}.',
  refusedTooMany: {
    one: 'You can upload only {count} file.',
    other: 'You can upload only {count} files.',
  },
  upTo: 'up to {size}',
  // Why it did not arrive
  errorChecksum:
    'The server received different data than the file contains. The file may have changed during the upload.',
  errorForbidden: 'You are not allowed to upload here. You may have to sign in again.',
  errorGone: 'The server no longer has this upload. It may have expired.',
  errorNetwork: 'The connection to the server was lost.',
  errorProtocol: 'The server did not answer as expected.',
  errorTooLarge: 'The file is too large for this server.',
  errorUnavailable: 'The server cannot accept the file at the moment.',
  errorUnreadable: 'The file cannot be read. It may have been changed, moved or removed.',
  // Only for screen readers
  saysAdded: { one: '{count} file added', other: '{count} files added' },
  saysComplete: '{name} is uploaded',
  saysFailed: '{name} was not uploaded: {reason}',
  saysManyFailed: {
    one: '{count} file was not uploaded',
    other: '{count} files were not uploaded',
  },
  saysAllDone: { one: '{count} file is uploaded', other: 'All {count} files are uploaded' },
  saysRetrying: 'Connection lost. Uploads resume automatically when it is back.',
  saysBack: 'The connection is back',
  saysCancelled: '{name} is cancelled. It can be undone for {time}.',
  saysManyCancelled: {
    one: '{count} upload is cancelled. It can be undone for {time}.',
    other: '{count} uploads are cancelled. They can be undone for {time}.',
  },
  saysUndone: '{name} continues',
  saysManyUndone: { one: '{count} upload continues', other: '{count} uploads continue' },
  // Sizes and times
  bytes: ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as readonly string[],
  seconds: '{count} s',
  minutes: '{minutes} min {seconds} s',
  hours: '{hours} h {minutes} min',
} satisfies Readonly<Record<string, Text | readonly string[]>>;

type Words<Value> = Value extends readonly string[] ? readonly string[] : Text;

/** The texts by name, for another language or another wording. */
export type Texts = { readonly [Name in keyof typeof ENGLISH]: Words<(typeof ENGLISH)[Name]> };

export type TextName = Exclude<keyof Texts, 'bytes'>;

export type Values = Readonly<Record<string, string | number>>;
