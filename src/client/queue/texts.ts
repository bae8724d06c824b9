import { UploadError, type UploadErrorCode } from '../upload-error.js';
import { type FileRuleOptions, type Refusal } from './file-rules.js';

/** A sentence for each code. `{…}` is replaced: the options of the rules by their names. */
export type QueueTexts = Readonly<Record<UploadErrorCode | Refusal, string>>;

export const ENGLISH: QueueTexts = {
  network: 'The connection to the server is lost.',
  unavailable: 'The server cannot take the file at the moment.',
  'offset-mismatch': 'Another window is sending the same file.',
  'too-large': 'The server does not take requests of this size.',
  gone: 'The server does not have this upload any more. It may have expired.',
  forbidden: 'You are not allowed to upload this. You may have to sign in again.',
  'checksum-mismatch':
    'What arrived differs from the file. It may have changed while it was sent: send it again.',
  refused: 'The server does not take this file.',
  unreadable: 'The file cannot be read. It may have been changed, moved or removed.',
  protocol: 'The server did not answer as expected.',
  aborted: 'The upload was cancelled.',
  'wrong-type': 'Files of this type are not taken, only {accept}.',
  'too-small': 'The file is too small. At least {minBytes} bytes are needed.',
  'too-big': 'The file is too large. At most {maxBytes} bytes are taken.',
  'too-many': 'No more than {maxFiles} files are taken.',
  duplicate: 'This file is in the list already.',
  'changed-file': 'The file has changed since its upload was begun, so that it cannot go on.',
  'wrong-file': 'This is not the file whose upload was begun.',
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
