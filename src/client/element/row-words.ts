import { type Entry, type EntryAction } from './entry.js';
import { type IconName } from './icons.js';
import { type TextName } from './texts.js';
import { type Wording } from './wording.js';

/** A button of a row. */
export interface RowButton {
  readonly action: EntryAction;
  readonly text: TextName;
  readonly icon: IconName;
  /** Whether its word is shown beside its icon. */
  readonly loud: boolean;
  /** Whether the word stays where there is little room. */
  readonly needsWord: boolean;
}

const button = (action: EntryAction, text: TextName, icon: IconName, loud = false): RowButton => ({
  action,
  text,
  icon,
  loud,
  needsWord: loud && action !== 'download',
});

const CANCEL = button('cancel', 'cancel', 'close');

/** The buttons for what an upload is in, the one that people look for first. */
export function buttonsOf({ state, error }: Entry): readonly RowButton[] {
  switch (state) {
    case 'sending':
      return [button('pause', 'pause', 'pause'), CANCEL];
    case 'retrying':
      return [button('tryNow', 'tryNow', 'again', true), CANCEL];
    case 'paused':
      return [button('resume', 'resume', 'play'), CANCEL];
    case 'complete':
      return [button('download', 'download', 'download', true), button('hide', 'hide', 'close')];
    case 'cancelled':
      return [button('undo', 'undo', 'undo', true)];
    case 'failed':
      return [...cureOf(error?.code, error?.canRetry), button('remove', 'remove', 'close')];
    default:
      return [CANCEL];
  }
}

function cureOf(code: string | undefined, canRetry = false): RowButton[] {
  if (code === 'unreadable') return [button('chooseAgain', 'chooseAgain', 'file', true)];
  return canRetry ? [button('retry', 'retry', 'again', true)] : [];
}

/** What stands below the name: the folder, how far it is, how fast, how long yet. */
export function statusOf(entry: Entry, words: Wording, now = Date.now()): string {
  const state = stateWords(entry, words, now);
  return entry.folder === '' ? state : join(entry.folder, state);
}

function stateWords(entry: Entry, words: Wording, now: number): string {
  const { bytesPerSecond, file, secondsLeft, sent, state } = entry;
  const size = words.size(file.size);
  if (state === 'complete') return join(words.say('complete'), size);
  if (state === 'failed' || state === 'cancelled') return join(words.say(state), size);
  if (state === 'cancelling') return join(words.say('cancelled'), size);
  const how = state === 'retrying' ? retryWords(entry, words, now) : words.say(HOW[state]);
  if (state === 'waiting' && sent === 0) return join(how, size);
  const far = words.say('partOf', { part: words.percent(sent, file.size), whole: size });
  if (state !== 'sending' || bytesPerSecond === 0) return join(how, far);
  const speed = words.say('perSecond', { size: words.size(bytesPerSecond) });
  const left = secondsLeft === null ? [] : [words.say('left', { time: words.time(secondsLeft) })];
  return join(far, speed, ...left);
}

const HOW = {
  completing: 'completing',
  paused: 'paused',
  sending: 'sendingFile',
  waiting: 'waiting',
} as const satisfies Record<string, TextName>;

function retryWords({ nextTryAt }: Entry, words: Wording, now: number): string {
  const seconds = nextTryAt === null ? 0 : (nextTryAt - now) / 1000;
  if (seconds <= 0) return words.say('retrying');
  return words.say('retryingIn', { time: words.time(seconds) });
}

function join(...parts: string[]): string {
  return parts.join(' · ');
}
