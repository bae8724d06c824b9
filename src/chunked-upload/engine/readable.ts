import type { Readable } from 'node:stream';

/** Whether it is what a server received, and not what one was answered, which has no method. */
export function isRequest(stream: Readable & { readonly method?: unknown }): boolean {
  return 'httpVersion' in stream && typeof stream.method === 'string';
}

/** What a stream that has broken still holds; null: nothing more. */
export function buffered(stream: Readable): Uint8Array | null {
  return stream.read() as Uint8Array | null;
}

/** What tells of a request over HTTP/2, or of its stream, that it has been reset. */
interface Resettable {
  readonly aborted?: boolean;
  readonly rstCode?: number;
  readonly stream?: { readonly rstCode?: number };
}

/** Whether a stream that has ended was cut: what is reset over HTTP/2 ends as what has come whole. */
export function wasCut(ended: Readable): boolean {
  const { aborted = false, rstCode, stream } = ended as Resettable;
  return aborted || (rstCode ?? stream?.rstCode ?? 0) !== 0;
}
