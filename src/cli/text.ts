import type { AbstractChunkedUpload } from '../chunked-upload/chunked-upload.entity.js';

/** `1 upload`, `2 uploads`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

/** One line about an upload, for people. */
export function describe(upload: AbstractChunkedUpload): string {
  const { id, filename, offset, total, creator, expiresAt } = upload;
  const size = total === null ? count(offset, 'byte') : `${offset} of ${count(total, 'byte')}`;
  const who = creator === null ? 'anonymous' : `by ${JSON.stringify(creator)}`;
  const when = expiresAt === null ? 'never expires' : `expires ${expiresAt.toISOString()}`;
  // A name may hold what a terminal takes for a command.
  return `${id} ${JSON.stringify(filename)}, ${size}, ${who}, ${when}`;
}
