import { type RuleRefusal, identityOf, refusalOf } from '../queue/file-rules.js';
import { type ChosenFile } from './chosen-files.js';
import { type Entry, type EntryError } from './entry.js';
import { type Settings } from './settings.js';
import { type Wording } from './wording.js';

/** What the page says of files before any byte is sent. The server has the last word. */
export class FileRules {
  private readonly known: Set<string>;
  private count: number;

  /** @param present what is in the list already, wherever it is sent to */
  constructor(
    private readonly settings: Settings,
    private readonly words: Wording,
    present: readonly Entry[],
  ) {
    const wanted = present.filter(({ state }) => state !== 'failed' && state !== 'cancelled');
    this.known = new Set(wanted.map((entry) => identityOf(entry)));
    this.count = wanted.length;
  }

  /** Why this file is not taken; `null`: it is, and counts for those after it. */
  refusalOf(chosen: ChosenFile): EntryError | null {
    if (chosen.isUnreadable) {
      return { code: 'unreadable', message: this.words.say('errorUnreadable'), canRetry: false };
    }
    const { accept, maxBytes, maxFiles, minBytes } = this.settings;
    const options = {
      accept,
      ...(maxBytes === null ? {} : { maxBytes }),
      ...(maxFiles === null ? {} : { maxFiles }),
      ...(minBytes === null ? {} : { minBytes }),
    };
    const { count, known } = this;
    const hasFile = (file: ChosenFile): boolean => known.has(identityOf(file));
    const code = refusalOf(chosen, options, { count, hasFile });
    if (code !== null) return { code, message: this.sentenceFor(code), canRetry: false };
    known.add(identityOf(chosen));
    this.count += 1;
    return null;
  }

  private sentenceFor(code: RuleRefusal): string {
    const { accept, maxBytes, maxFiles, minBytes } = this.settings;
    switch (code) {
      case 'duplicate':
        return this.words.say('refusedDuplicate');
      case 'wrong-type':
        return this.words.say('refusedType', { accept });
      case 'too-big':
        return this.words.say('refusedTooLarge', { size: this.words.size(maxBytes ?? 0) });
      case 'too-small':
        return this.words.say('refusedTooSmall', { size: this.words.size(minBytes ?? 0) });
      case 'too-many':
        return this.words.say('refusedTooMany', { count: maxFiles ?? 0 });
    }
  }
}

/** What is taken, in a sentence for the place to drop files; empty: everything. */
export function limitsOf({ accept, maxBytes }: Settings, words: Wording): string {
  const parts =
    accept === ''
      ? []
      : [
          accept
            .split(',')
            .map((each) => each.trim())
            .join(', '),
        ];
  if (maxBytes !== null) parts.push(words.say('upTo', { size: words.size(maxBytes) }));
  return parts.join(' · ');
}
