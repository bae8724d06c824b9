import { type ErrorDetail, UploadError } from '../upload-error.js';
import { type EntryError } from './entry.js';
import { type TextName } from './texts.js';
import { type Wording } from './wording.js';

/** What may be otherwise at another try: after signing in, at another server. */
const WORTH_A_TRY = ['forbidden', 'checksum-mismatch', 'protocol'];

const SENTENCES: Readonly<Record<string, TextName>> = {
  'checksum-mismatch': 'errorChecksum',
  forbidden: 'errorForbidden',
  gone: 'errorGone',
  network: 'errorNetwork',
  protocol: 'errorProtocol',
  'too-large': 'errorTooLarge',
  unavailable: 'errorUnavailable',
  unreadable: 'errorUnreadable',
};

/** How these are said already by the sentence for people. */
const PLAIN = ['gone', 'checksum-mismatch', 'network'];

/** Why an upload failed, in the words of the page's language, and in those of the server. */
export function reasonFor(error: unknown, words: Wording): EntryError {
  if (!(error instanceof UploadError)) {
    return { code: '', message: words.say('errorProtocol'), canRetry: true };
  }
  const { code, message, transient } = error;
  const canRetry = transient || WORTH_A_TRY.includes(code);
  const sentence = SENTENCES[code];
  const said = PLAIN.includes(code) ? null : wordsOfServer(error);
  if (sentence === undefined) return { code, message: said ?? message, canRetry };
  const own = words.say(sentence);
  // A guard says best itself why it lets nobody in.
  if (code === 'forbidden') return { code, message: said ?? own, canRetry };
  return { code, message: said === null ? own : `${own} ${said}`, canRetry };
}

function wordsOfServer({ detail, message, status }: UploadError): string | null {
  if (detail !== null) return sentencesOf(detail);
  // Nest's own answers: what its guards and pipes say.
  const [, said = null] = /^The server answered with status \d+: (.+)$/s.exec(message) ?? [];
  return status === 0 ? null : said;
}

/** Of which field they are is clear where it is the file. */
function sentencesOf(detail: ErrorDetail): string {
  if (typeof detail === 'string') return detail;
  return Object.entries(detail)
    .map(([field, all]) => (field === 'file' ? all.join(' ') : `${field}: ${all.join(' ')}`))
    .join(' ');
}
