/** Whom an upload may meet, in which state, and what the contract says then. Nothing here is read from the code. */

export const STATES = [
  'idle', // unfinished, and nobody is writing
  'live', // a writer is sending
  'silent', // a writer has sent nothing for half a second
  'expired',
  'aborted',
  'complete',
  'removed',
] as const;
export type State = (typeof STATES)[number];

/** Null: anonymous. To the module an administrator is one more user: the host knows better. */
export type Caller = string | null;

export interface Situation {
  readonly userRestricted: boolean;
  readonly begunBy: Caller;
  readonly callers: readonly { readonly name: string; readonly user: Caller }[];
}

const USERS = [
  { name: 'other user', user: 'bob' },
  { name: 'admin', user: 'admin' },
];

export const SITUATIONS: readonly Situation[] = [true, false].flatMap((userRestricted) => [
  {
    userRestricted,
    begunBy: 'ann',
    callers: [{ name: 'creator', user: 'ann' }, ...USERS, { name: 'anonymous', user: null }],
  },
  {
    userRestricted,
    begunBy: null,
    callers: [{ name: 'anonymous', user: null }, ...USERS],
  },
]);

/** What a request wants of an upload; in the words of other protocols than the contract's table. */
export type Wish =
  | 'next chunk'
  | 'next chunk, answered 204'
  | 'next chunk, by offsets alone'
  | 'complete'
  | 'show'
  | 'offset'
  | 'offset to go on at'
  | 'offset that holds'
  | 'file'
  | 'remove';

/** Answers to a caller that may touch the upload. Everybody else is answered 404, whatever its state. */
//               idle live silent expired aborted complete removed
const ANSWERS: Record<Wish, readonly number[]> = {
  'next chunk': [200, 423, 200, 410, 410, 400, 404],
  'next chunk, answered 204': [204, 423, 204, 410, 410, 400, 404],
  // There is nothing left at its offset, as of any other.
  'next chunk, by offsets alone': [204, 423, 204, 410, 410, 409, 404],
  complete: [200, 423, 200, 410, 410, 200, 404], // once more, with the same sum
  show: [200, 200, 200, 200, 200, 200, 404],
  offset: [200, 200, 200, 200, 200, 200, 404],
  'offset to go on at': [200, 200, 200, 410, 410, 200, 404],
  'offset that holds': [204, 204, 204, 410, 410, 204, 404],
  file: [404, 404, 404, 404, 404, 200, 404],
  remove: [204, 204, 204, 204, 204, 204, 404],
};

/** With `userRestricted` everybody has their own uploads; those begun anonymously, who knows the id. */
function mayTouch({ userRestricted, begunBy }: Situation, caller: Caller): boolean {
  return !userRestricted || caller === begunBy;
}

export function statusOf(situation: Situation, caller: Caller, state: State, wish: Wish): number {
  if (!mayTouch(situation, caller)) return 404;
  return ANSWERS[wish][STATES.indexOf(state)] ?? Number.NaN;
}

/** An anonymous caller has no list of its own; without `userRestricted` there is one for all. */
export function isListed(situation: Situation, caller: Caller, state: State): boolean {
  if (state === 'removed') return false;
  if (!situation.userRestricted) return true;
  return caller !== null && caller === situation.begunBy;
}

/** Whether the request, answered as it should be, leaves the upload otherwise than it was. */
export function changes(situation: Situation, caller: Caller, state: State, wish: Wish): boolean {
  const status = statusOf(situation, caller, state, wish);
  if (status >= 400 || wish === 'show' || wish === 'file') return false;
  // A client that resumes ends the writer that went silent; a second completion repeats an answer.
  if (wish === 'offset' || wish === 'offset to go on at') return state === 'silent';
  // By the draft of the IETF, who asks ends whoever sends.
  if (wish === 'offset that holds') return state === 'silent' || state === 'live';
  return !(wish === 'complete' && state === 'complete');
}
