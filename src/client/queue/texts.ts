import { UploadError, type UploadErrorCode } from '../upload-error.js';
import { type FileRuleOptions, type Refusal } from './file-rules.js';

/** A sentence for each code. `{maxBytes}` and the like are replaced by the option of that name. */
export type QueueTexts = Readonly<Record<UploadErrorCode | Refusal, string>>;

export const ENGLISH: QueueTexts = {
  network: 'The connection to the server was lost.',
  unavailable: 'The server cannot accept the file at the moment.',
  'offset-mismatch': 'Another window is sending the same file.',
  'too-large': 'The server does not accept requests of this size.',
  gone: 'The server no longer has this upload. It may have expired.',
  forbidden: 'You are not allowed to upload this. You may have to sign in again.',
  'checksum-mismatch':
    'The server received different data than the file contains. The file may have changed during the upload: try again.',
  refused: 'The server does not accept this file.',
  unreadable: 'The file cannot be read. It may have been changed, moved or removed.',
  protocol: 'The server did not answer as expected.',
  aborted: 'The upload was cancelled.',
  'wrong-type': 'This type of file is not allowed. Allowed: {accept}.',
  'too-small': 'The file is too small. The minimum is {minBytes} bytes.',
  'too-big': 'The file is too large. The limit is {maxBytes} bytes.',
  'too-many': 'There are too many files. The limit is {maxFiles}.',
  duplicate: 'This file is already in the list.',
  'changed-file': 'The file has changed since the upload started, so it cannot be resumed.',
  'wrong-file': 'This is not the file that the upload was started with.',
};

/** The server says nothing of these that people need to know. */
const OWN_WORDS: readonly string[] = ['checksum-mismatch', 'gone', 'offset-mismatch'];

/** The server says these better by itself. */
const SERVERS_WORDS: readonly string[] = ['forbidden', 'refused'];

/** Why an upload failed: the sentence for its code and the server's own words. */
export function sentenceFor(error: unknown, texts: QueueTexts): string {
  if (!(error instanceof UploadError)) {
    return error instanceof Error ? error.message : texts.protocol;
  }
  const { code, said } = error;
  // What does not come from the server says more precisely what was not as expected.
  if (code === 'protocol' && error.status === 0 && texts === ENGLISH) return error.message;
  if (said === null || OWN_WORDS.includes(code)) return texts[code];
  return SERVERS_WORDS.includes(code) ? said : `${texts[code]} ${said}`;
}

export function sentenceForRefusal(
  refusal: Refusal,
  texts: QueueTexts,
  rules: FileRuleOptions,
): string {
  return texts[refusal].replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = Object.entries(rules).find(([key]) => key === name)?.[1] as unknown;
    return typeof value === 'string' || typeof value === 'number' ? String(value) : whole;
  });
}
