import {
  type Action,
  type ListedUpload,
  type Outcome,
  act,
  deleteExpired,
  fetchCount,
  keyOf,
} from './api.js';
import { formatCount, uploadsInWords, visible } from './format.js';
import type { Notice } from './notice.js';
import { ask } from './question.js';

interface Words {
  readonly title: (what: string, isOne: boolean) => string;
  readonly sentence: string;
  readonly yes: string;
  readonly done: string;
}

const WORDS: Readonly<Record<Action, Words>> = {
  abort: {
    title: (what) => `Abort ${what}?`,
    sentence:
      'The bytes are removed, and the upload cannot be continued. The record stays. This cannot be undone.',
    yes: 'Abort',
    done: 'aborted',
  },
  delete: {
    title: (what) => `Delete ${what}?`,
    sentence: 'Record and bytes are removed, files of complete uploads too. This cannot be undone.',
    yes: 'Delete',
    done: 'deleted',
  },
  'delete-expired': {
    title: (what, isOne) =>
      isOne ? `Delete ${what} if it has expired?` : `Delete the expired uploads among ${what}?`,
    sentence: 'Records and bytes of expired uploads are removed. This cannot be undone.',
    yes: 'Delete the expired',
    done: 'deleted',
  },
};

/**
 * Asks, does it, and says what came of it.
 *
 * @returns whether anything was done
 */
export async function actOn(
  action: Action,
  uploads: readonly ListedUpload[],
  notice: Notice,
): Promise<boolean> {
  if (uploads.length === 0) return false;
  const { title, sentence, yes, done } = WORDS[action];
  const names = uploads.map(({ filename }) => visible(filename));
  const what = uploads.length === 1 ? (names[0] ?? '') : uploadsInWords(uploads.length);
  const question = { title: title(what, uploads.length === 1), sentence, yes };
  if (!(await ask(uploads.length === 1 ? question : { ...question, names }))) return false;
  try {
    report(await act(action, uploads), uploads, done, notice);
  } catch (error) {
    notice.showFailure(error);
  }
  return true;
}

/** The same for all that have expired, of one type or of all. */
export async function actOnExpired(type: string, notice: Notice): Promise<boolean> {
  try {
    const query = { status: 'expired', ...(type && { type }) };
    const { count, exact } = await fetchCount(new URLSearchParams(query));
    const where = type ? ` of the type ${type}` : '';
    if (count === 0) {
      notice.say(`No upload${where} has expired.`);
      return false;
    }
    const words = exact ? uploadsInWords(count) : `more than ${uploadsInWords(count)}`;
    const yes = await ask({
      title: 'Delete all expired uploads?',
      sentence: `Record and bytes of ${words}${where} are removed, whatever the list shows now, and of those whose owner is gone. This cannot be undone.`,
      yes: 'Delete the expired',
    });
    if (!yes) return false;
    const { removed, failed } = await deleteExpired(type || null);
    const rest = failed > 0 ? ` The bytes of ${uploadsInWords(failed)} could not be removed.` : '';
    notice.say(`Deleted: ${uploadsInWords(removed)}.${rest}`);
  } catch (error) {
    notice.showFailure(error);
  }
  return true;
}

function report(
  outcomes: readonly Outcome[],
  uploads: readonly ListedUpload[],
  done: string,
  notice: Notice,
): void {
  const names = new Map(uploads.map((upload) => [keyOf(upload), visible(upload.filename)]));
  const failed = outcomes.filter(({ ok }) => !ok);
  const succeeded = outcomes.length - failed.length;
  const sentence = `${formatCount(succeeded)} ${done}${failed.length > 0 ? `, ${formatCount(failed.length)} not:` : '.'}`;
  const lines = failed.map((each) => `${names.get(keyOf(each)) ?? each.id}: ${each.detail ?? ''}`);
  notice.say(sentence, lines);
}
