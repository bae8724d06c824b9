import { ChunkedUploadError } from '../chunked-upload.errors.js';

/** One upload among all types. */
export interface SelectedUpload {
  readonly type: string;
  readonly id: string;
}

const MOST = 1000;

/** `{ "uploads": [{ "type", "id" }, …] }`; undefined where it has none. @throws ChunkedUploadError */
export function parseSelection(body: Record<string, unknown>): SelectedUpload[] | undefined {
  const { uploads } = body;
  if (uploads === undefined) return undefined;
  const given: unknown[] = Array.isArray(uploads) ? uploads : [null];
  if (given.length > MOST) invalid(`At most ${MOST} uploads can be given at once.`);
  return given.map((each) => {
    const { type, id } = (each ?? {}) as { type?: unknown; id?: unknown };
    if (typeof type === 'string' && typeof id === 'string') return { type, id };
    return invalid('A list of { "type", "id" } is required.');
  });
}

/** @throws ChunkedUploadError: there is none, or it is empty */
export function requireSelection(body: Record<string, unknown>): SelectedUpload[] {
  const selection = parseSelection(body) ?? [];
  return selection.length > 0 ? selection : invalid('A list of { "type", "id" } is required.');
}

function invalid(sentence: string): never {
  throw ChunkedUploadError.invalidField('uploads', sentence);
}
