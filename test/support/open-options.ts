import type { OpenOptions } from 'nestjs-chunked-upload';

let writers = 0;

/** For a first writer, or whatever is given. */
export function openOptions(given: Partial<OpenOptions> = {}): OpenOptions {
  writers += 1;
  return {
    offset: 0,
    length: null,
    total: null,
    token: `writer-${writers}`,
    attempt: 1,
    contested: false,
    ...given,
  };
}

/** For a completion that nobody disturbs. */
export const undisturbed = { attempt: 1, contested: false };
