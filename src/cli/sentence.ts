import { ChunkedUploadError } from '../chunked-upload/chunked-upload.errors.js';

/** What an error says, in one line. */
export function sentence(error: unknown): string {
  const ownWords = wordsOf(error).replaceAll(/\s+/g, ' ').trim();
  const isAway = error instanceof ChunkedUploadError && error.cause !== undefined;
  return isAway ? `${ownWords}: ${sentence(error.cause)}` : ownWords;
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node tries all addresses of a name, and says nothing of them together.
  if (error.message === '' && error instanceof AggregateError) {
    return error.errors.map(wordsOf).join(', ');
  }
  return error.message || error.name;
}
