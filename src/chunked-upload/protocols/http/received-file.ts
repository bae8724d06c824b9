import type { ChunkBody } from '../../engine/chunk-body.js';

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
