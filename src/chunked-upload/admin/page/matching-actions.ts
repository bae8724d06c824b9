import { type MatchingAction, type Outcome, actOnMatching, fetchCount } from './api.js';
import { formatCount, uploadsInWords, visible } from './format.js';
import type { Notice } from './notice.js';
import { ask } from './question.js';

const FAILURES_SHOWN = 20;

const WORDS = {
  abort: {
    yes: 'Abort them',
    title: (_what: string, which: string) => `Abort the unfinished uploads among ${which}?`,
    sentence:
      'They are on this page and on all others. Their bytes are removed, and they cannot be continued. The records stay. This cannot be undone.',
    doing: 'Aborting',
    done: 'aborted',
  },
  delete: {
    yes: 'Delete them',
    title: (what: string) => `Delete ${what}?`,
    sentence:
      'They are on this page and on all others. Records and bytes are removed, files of complete uploads too. This cannot be undone.',
    doing: 'Deleting',
    done: 'deleted',
  },
} as const;

/** Until it has ended, or somebody presses Stop. */
let stopped = false;

/** While it runs: the rest would be left without a word. */
function askBeforeLeaving(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

export function stopMatching(): void {
  stopped = true;
}

/**
 * Counts all uploads that match, asks, and does it step by step; says how far it is and what came of
 * it. Uploads that begin meanwhile are not touched.
 *
 * @returns whether anything was done
 */
export async function actOnAllMatching(
  action: MatchingAction,
  query: URLSearchParams,
  notice: Notice,
): Promise<boolean> {
  const matching = new URLSearchParams(query);
  for (const name of ['sort', 'after', 'before']) matching.delete(name);
  const { yes, title, sentence, doing, done } = WORDS[action];
  const sum = { done: 0, passed: 0, failed: 0 };
  const failures: string[] = [];
  const add = (outcomes: readonly Outcome[], passed: number): void => {
    sum.passed += passed;
    for (const { ok, id, filename, detail } of outcomes) {
      if (ok) sum.done += 1;
      else {
        sum.failed += 1;
        if (failures.length < FAILURES_SHOWN) {
          failures.push(`${filename === null ? id : visible(filename)}: ${detail ?? ''}`);
        }
      }
    }
  };
  let hasBegun = false;
  try {
    const { count, exact, at } = await fetchCount(matching);
    const words = exact ? uploadsInWords(count) : `more than ${uploadsInWords(count)}`;
    const which = exact ? `these ${formatCount(count)}` : words;
    if (!(await ask({ title: title(words, which), sentence, yes }))) return false;
    stopped = false;
    hasBegun = true;
    addEventListener('beforeunload', askBeforeLeaving);
    let after: string | null = null;
    do {
      notice.progress(`${doing}: ${formatCount(sum.done + sum.passed + sum.failed)} of ${words}`);
      const result = await actOnMatching(action, matching, at, after);
      add(result.outcomes, result.passed);
      after = result.next;
    } while (after !== null && !stopped);
    const parts = [
      `${formatCount(sum.done)} ${done}`,
      sum.passed > 0
        ? `${formatCount(sum.passed)} ${sum.passed === 1 ? 'was' : 'were'} already complete or aborted`
        : '',
      sum.failed > 0 ? `${formatCount(sum.failed)} not` : '',
      after !== null ? 'stopped before the rest' : '',
    ];
    notice.say(`${parts.filter((part) => part !== '').join(', ')}.`, failures);
  } catch (error) {
    if (hasBegun) notice.say(`${formatCount(sum.done)} ${done}, then it failed.`, failures);
    notice.showFailure(error);
  } finally {
    removeEventListener('beforeunload', askBeforeLeaving);
  }
  return hasBegun;
}
