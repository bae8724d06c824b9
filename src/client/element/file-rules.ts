import { type ChosenFile } from './chosen-files.js';
import { type Entry, type EntryError } from './entry.js';
import { type Settings } from './settings.js';
import { type Values, type TextName } from './texts.js';
import { type Wording } from './wording.js';

/** What the page says of files before any byte is sent. The server has the last word. */
export class FileRules {
  private readonly known: Set<string>;
  private count: number;

  /** @param present what is in the list already */
  constructor(
    private readonly settings: Settings,
    private readonly words: Wording,
    present: readonly Entry[],
  ) {
    const wanted = present.filter(({ state }) => state !== 'failed' && state !== 'cancelled');
    this.known = new Set(wanted.map((entry) => identity(entry)));
    this.count = wanted.length;
  }

  /** Why this file is not taken; `null`: it is, and counts for those after it. */
  refusalOf(chosen: ChosenFile): EntryError | null {
    const { accept, maxBytes, maxFiles, minBytes } = this.settings;
    const { file } = chosen;
    if (this.known.has(identity(chosen))) return this.refuse('duplicate', 'refusedDuplicate');
    if (!isAccepted(file, accept)) return this.refuse('type', 'refusedType', { accept });
    if (maxBytes !== null && file.size > maxBytes) {
      return this.refuse('size', 'refusedTooLarge', { size: this.words.size(maxBytes) });
    }
    if (minBytes !== null && file.size < minBytes) {
      return this.refuse('size', 'refusedTooSmall', { size: this.words.size(minBytes) });
    }
    if (maxFiles !== null && this.count >= maxFiles) {
      return this.refuse('number', 'refusedTooMany', { count: maxFiles });
    }
    this.known.add(identity(chosen));
    this.count += 1;
    return null;
  }

  private refuse(code: string, text: TextName, values: Values = {}): EntryError {
    return { code, message: this.words.say(text, values), canRetry: false };
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

/** As browsers read the `accept` of an input: endings, MIME types, and `image/*`. */
export function isAccepted({ name, type }: File, accept: string): boolean {
  const wanted = accept
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .filter((each) => each !== '');
  if (wanted.length === 0) return true;
  return wanted.some((each) => {
    if (each.startsWith('.')) return name.toLowerCase().endsWith(each);
    if (each.endsWith('/*')) return type.toLowerCase().startsWith(each.slice(0, -1));
    return type.toLowerCase() === each;
  });
}

function identity({ file, folder }: ChosenFile): string {
  return JSON.stringify([folder, file.name, file.size, file.lastModified]);
}
