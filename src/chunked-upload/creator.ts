import type { UploadContext, UserId } from './chunked-upload.context.js';

/** What is said of a caller names nobody who could be told from others: a mistake of the host. */
export class UserMistake extends TypeError {
  override readonly name = 'UserMistake';
}

/**
 * The text by which an upload's record knows its creator; null: anonymous.
 *
 * A number must be whole, and one that JavaScript can hold: above 2^53 - 1 two users would have the
 * same. Of objects MongoDB's ObjectId is taken, and what has a `toHexString()` like it.
 *
 * @throws UserMistake for what is none, such as the empty text: no nonsense may open the uploads of
 * others
 */
export function creatorOf(user: UserId): string | null {
  if (user === undefined || user === null) return null;
  const text = textOf(user);
  // What Postgres cannot hold, or would hold as the same as another.
  if (text !== null && text !== '' && !text.includes('\0') && text.isWellFormed()) return text;
  throw new UserMistake(
    'The option "user" must answer a text that is not empty, a whole number up to 2 ** 53 - 1, a ' +
      `bigint, an ObjectId, or null for anonymous, and not ${kindOf(user)}`,
  );
}

function textOf(user: unknown): string | null {
  if (typeof user === 'string') return user;
  if (typeof user === 'bigint' || Number.isSafeInteger(user)) return String(user);
  const { toHexString } = Object(user) as { toHexString?: unknown };
  if (typeof toHexString !== 'function') return null;
  const text: unknown = toHexString.call(user);
  return typeof text === 'string' ? text : null;
}

/** The caller of a method of the service. @throws UserMistake also for none: null is who is anonymous */
export function creatorIn({ creator }: UploadContext): string | null {
  if (creator !== undefined) return creatorOf(creator);
  throw new UserMistake('The context of a call needs a "creator"; null is an anonymous caller');
}

/** In words for a log line, which is no place for what it holds. */
export function kindOf(value: unknown): string {
  if (typeof value === 'string') return value === '' ? 'an empty text' : 'a text';
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  const keys = Object.keys(value ?? {}).join(', ');
  return keys === '' ? 'an object without properties' : `an object with ${keys}`;
}
