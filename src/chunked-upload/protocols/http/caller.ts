import type { UserId } from '../../chunked-upload.context.js';
import { UserMistake, kindOf } from '../../creator.js';

/**
 * The option `user` where it is left out: `request.user`'s `id`, else `userId`, else `sub`, of which
 * Nest's documentation shows the second with Passport and the third with JWT.
 *
 * Anonymous is a request without a `user`; `false` is what Passport leaves where nobody had to log in.
 * A `user` without any of the three is somebody: nobody else may pass for him.
 *
 * @throws UserMistake
 */
export function userOfRequest({ user }: { readonly user?: unknown }): UserId {
  if (user === undefined || user === null || user === false) return null;
  // A text has a method `sub`.
  const { id, userId, sub } = (typeof user === 'object' ? user : {}) as Record<string, UserId>;
  const named = id ?? userId ?? sub;
  if (named !== undefined && named !== null) return named;
  const example = 'user: (request) => request.user?.email';
  throw new UserMistake(
    `The option "user" is needed: request.user is ${kindOf(user)}, without an "id", a "userId" or ` +
      `a "sub". Say where the caller's own id is, such as ${example}`,
  );
}
