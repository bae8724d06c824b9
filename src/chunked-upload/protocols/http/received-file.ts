import type { ChunkBody } from '../../engine/chunk-body.js';
import { hasNoBytes } from '../../engine/no-bytes.js';

/** The bytes of a chunk or a file, on their way. */
export interface ReceivedFile {
  readonly body: ChunkBody;
  /** The client's name for it; null if it said none. */
  readonly name: string | null;
  /** Whether it is a form's part, whose name gives the stored file its extension. */
  readonly isPart: boolean;
  /** Bytes that the request announces of it; null where that cannot be told. */
  readonly length: number | null;
}

/**
 * Whether a raw body turns out to have no bytes, so that it is none, whatever its type. Looks at the
 * first of them where nothing announces their number: they are read then.
 */
export async function isNothing({ body, isPart, length }: ReceivedFile): Promise<boolean> {
  if (isPart || length !== null) return !isPart && length === 0;
  return hasNoBytes(body);
}
